using System.Text;
using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp.Distributed;

/// <summary>
/// Processes that train copies of one model together, each on its own shard of the data. A <see cref="SharpnessAwareOptimizer"/> whose options
/// have the group's <see cref="Gradients"/> as their <see cref="SharpnessAwareOptions.Exchange"/> averages its gradients over the group in
/// every step.
/// </summary>
/// <remarks>Every member makes the same calls in the same order: the same number of steps above all. A member that fails must end the job;
/// <see cref="MpiGroup.Run"/> and <see cref="LocalGroup.Run"/> see to it.</remarks>
public abstract class ProcessGroup : IDisposable
{
    /// <summary>25 MB, the size of a bucket in PyTorch's DistributedDataParallel.</summary>
    private const int DefaultBucketBytes = 25 << 20;

    private readonly Lazy<(int Rank, int Size)> _local;

    private protected ProcessGroup(ITransport transport, string machine)
    {
        Transport = transport;
        _local = new(() => FindLocal(machine));
    }

    /// <summary>The index of this member, from 0.</summary>
    public int Rank => Transport.Rank;

    /// <summary>The number of members.</summary>
    public int Size => Transport.Size;

    /// <summary>Whether this is member 0, which prints and writes what all have in common.</summary>
    public bool IsFirst => Rank == 0;

    /// <summary>The index of this member among those on the same machine: which of its CUDA devices to use. The first read is a call that
    /// all members make.</summary>
    public int LocalRank => _local.Value.Rank;

    /// <summary>The number of members on this machine. The first read of this or of <see cref="LocalRank"/> is a call that all members
    /// make.</summary>
    public int LocalSize => _local.Value.Size;

    internal ITransport Transport { get; }

    /// <summary>Gives every member the parameters and buffers of member 0, bit for bit. Call it once the model is on its device, or after
    /// a checkpoint was loaded.</summary>
    /// <param name="model">The model; the same on all members but for its numbers.</param>
    /// <exception cref="InvalidOperationException">The models differ in more than their numbers.</exception>
    public void Broadcast(nn.Module model)
    {
        ArgumentNullException.ThrowIfNull(model);
        using var scope = NewDisposeScope();
        Tensor[] tensors = [.. model.parameters(), .. model.buffers()];
        Layout.RequireSame(Transport, tensors);
        foreach (var tensor in tensors) Broadcast(tensor);
    }

    /// <summary>Gives every member the buffers of member 0, such as the running statistics of BatchNorm.</summary>
    /// <param name="model">The model.</param>
    public void BroadcastBuffers(nn.Module model)
    {
        ArgumentNullException.ThrowIfNull(model);
        using var scope = NewDisposeScope();
        foreach (var buffer in model.buffers()) Broadcast(buffer);
    }

    /// <summary>Gives every member the mean of the floating point buffers over all members, such as the running statistics of BatchNorm, each
    /// of which has seen its own shard. Other buffers, such as counters, become those of member 0.</summary>
    /// <param name="model">The model.</param>
    public void AverageBuffers(nn.Module model)
    {
        ArgumentNullException.ThrowIfNull(model);
        using var scope = NewDisposeScope();
        var buffers = model.buffers().ToLookup(buffer => buffer.is_floating_point());
        if (buffers[true].ToArray() is { Length: > 0 } floats)
        {
            using var exchange = new GradientExchange(Transport, new() { BucketBytes = DefaultBucketBytes });
            using var none = zeros(0, dtype: float64);
            exchange.Average(floats, none);
        }
        foreach (var buffer in buffers[false]) Broadcast(buffer);
    }

    /// <summary>Compares the parameters of all members by a hash.</summary>
    /// <param name="model">The model.</param>
    /// <exception cref="InvalidOperationException">The parameters of a member differ from those of member 0; the message names the
    /// members.</exception>
    public void RequireEqualWeights(nn.Module model)
    {
        ArgumentNullException.ThrowIfNull(model);
        using var scope = NewDisposeScope();
        WeightHash.RequireEqual(Transport, [.. model.parameters()]);
    }

    /// <summary>What a <see cref="SharpnessAwareOptimizer"/> takes as <see cref="SharpnessAwareOptions.Exchange"/>; one for each optimizer. Its
    /// buffers are freed with the group.</summary>
    /// <param name="weight">How much this member's gradient counts in the step under way, relative to the others: its number of rows, or of
    /// label tokens, if its closure computes a mean over them. 0 for a member that has no data left and makes the step on any. Null (default):
    /// all count alike.</param>
    /// <param name="synchronizesAscent">Whether all members climb along the mean gradient, as one process would on the whole batch.
    /// Default false: each climbs along its own (the m-sharpness of Foret et al. 2021; google-research/sam without sync_perturbations).</param>
    /// <param name="model">The model whose weights are compared over the group; null (default): they are not.</param>
    /// <param name="compareEvery">After how many exchanges weights are compared, the first always. Default 1000.</param>
    /// <param name="bucketBytes">How many bytes travel at once. Default 25 MB (PyTorch's DistributedDataParallel).</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is less than 1.</exception>
    public IGradientExchange Gradients(Func<double>? weight = null, bool synchronizesAscent = false, nn.Module? model = null,
        int compareEvery = 1000, int bucketBytes = DefaultBucketBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(compareEvery, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(bucketBytes, 1);
        var exchange = new GradientExchange(Transport, new()
        {
            Weight = weight,
            SynchronizesAscent = synchronizesAscent,
            Compared = model,
            CompareEvery = compareEvery,
            BucketBytes = bucketBytes,
        });
        _exchanges.Add(exchange);
        return exchange;
    }

    /// <summary>The sums of numbers over all members: rows seen, correct answers.</summary>
    /// <param name="numbers">As many on every member.</param>
    public double[] Sum(params IReadOnlyList<double> numbers)
    {
        ArgumentNullException.ThrowIfNull(numbers);
        double[] sums = [.. numbers];
        Transport.Sum(sums);
        return sums;
    }

    /// <summary>Waits until every member has come here.</summary>
    public void Barrier() => Sum(0);

    /// <summary>A text of member 0, given to all: a path with a time in it, a seed.</summary>
    /// <param name="text">The text; only member 0's counts.</param>
    public unsafe string Share(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var own = Encoding.UTF8.GetBytes(text);
        var bytes = new byte[(int)Sum(IsFirst ? own.Length : 0)[0]];
        if (IsFirst) own.CopyTo(bytes, 0);
        fixed (byte* memory = bytes) Transport.Broadcast((nint)memory, bytes.Length);
        return Encoding.UTF8.GetString(bytes);
    }

    /// <summary>The name of this member's own file: "optimizer.rank1.bin" for "optimizer.bin". Recipes with a history remember their own shard's
    /// gradients, so that each member saves and loads its own state.</summary>
    /// <param name="path">The path of a file.</param>
    public string OwnFile(string path) =>
        Path.Combine(Path.GetDirectoryName(path) ?? "", $"{Path.GetFileNameWithoutExtension(path)}.rank{Rank}{Path.GetExtension(path)}");

    /// <summary>Leaves the group. Every member must do so.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees buffers and leaves the group.</summary>
    /// <param name="disposing">Always true.</param>
    protected virtual void Dispose(bool disposing)
    {
        foreach (var exchange in _exchanges) exchange.Dispose();
        _exchanges.Clear();
        Transport.Dispose();
    }

    private readonly List<GradientExchange> _exchanges = [];

    private unsafe void Broadcast(Tensor tensor)
    {
        if (tensor.NumberOfElements == 0) return;
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var here = tensor.detach().cpu().contiguous();
        fixed (byte* memory = here.bytes) Transport.Broadcast((nint)memory, here.NumberOfElements * here.ElementSize);
        if (!IsFirst) tensor.copy_(here);
    }

    private (int, int) FindLocal(string machine)
    {
        var machines = new double[Size];
        machines[Rank] = BitConverter.ToUInt32(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(machine)));
        Transport.Sum(machines);
        return (machines.Take(Rank).Count(other => other == machines[Rank]), machines.Count(other => other == machines[Rank]));
    }
}
