using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp.Distributed;

/// <summary>Averages gradients over a group.</summary>
/// <remarks>A first message carries weights and numbers, so that each member scales its own tensors before they travel and the sum is the mean. Large
/// tensors travel from where they are, in pieces of one bucket; small ones, those of 16 bits and those of other devices are gathered in buckets of
/// float32 or float64. What comes next is scaled or gathered while the pieces before it travel.</remarks>
internal sealed class GradientExchange(ITransport transport, ExchangeSettings settings) : IGradientExchange, IDisposable
{
    private readonly BucketList _buckets = new(transport, settings.BucketBytes);
    private long _calls;

    public int Rank => transport.Rank;

    public int Size => transport.Size;

    public bool SynchronizesAscent => settings.SynchronizesAscent;

    public void Average(IReadOnlyList<Tensor> tensors, Tensor numbers)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        // Weights differ where it is they that are averaged, after a combiner has moved them; gradients require no gradient.
        if (settings.Compared is { } model && !tensors.Any(tensor => tensor.requires_grad) && _calls++ % settings.CompareEvery == 0)
            WeightHash.RequireEqual(transport, [.. model.parameters()]);
        _buckets.Sum(tensors, ShareOf(tensors, numbers));
    }

    public void Dispose() => _buckets.Dispose();

    /// <summary>Averages the numbers.</summary>
    /// <returns>This member's share of the means.</returns>
    [InDisposeScope]
    private double ShareOf(IReadOnlyList<Tensor> tensors, Tensor numbers)
    {
        var weight = settings.Weight?.Invoke() ?? 1;
        if (!(weight >= 0 && double.IsFinite(weight)))
            throw new InvalidOperationException($"The weight of member {Rank} is {weight}; a weight is a finite number of at least 0.");
        double layout = _buckets.LayoutOf(tensors);
        double[] message = [weight, layout, layout * layout, .. numbers.cpu().ReadAll<double>()];
        const int head = 3;
        for (var i = head; i < message.Length; i++) message[i] = weight == 0 ? 0 : message[i] * weight;
        transport.Sum(message);
        Layout.RequireSame(message[1], message[2], Size);
        var total = message[0];
        if (total == 0) throw new InvalidOperationException("The weights of all members are 0: none has data for this step.");
        if (message.Length > head)
        {
            var means = Array.ConvertAll(message[head..], sum => sum / total);
            numbers.copy_(tensor(means));
        }
        return weight / total;
    }
}
