using static TorchSharp.torch;

namespace SamSharp;

/// <summary>One part of a batch for m-SAM, where each part has a perturbation of its own.</summary>
/// <param name="Closure">Computes the mean loss of the part, calls <c>backward()</c> and returns the loss.</param>
/// <param name="Weight">Its share in the final gradient, relative to the other parts': its number of rows when parts differ. Default 1.</param>
public readonly record struct BatchPart(Func<Tensor> Closure, double Weight = 1)
{
    /// <summary>The sum of the weights of parts, which are checked.</summary>
    internal static double TotalWeight(IReadOnlyList<BatchPart> parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        if (parts.Count == 0) throw new ArgumentException("There is no part to compute a gradient from.", nameof(parts));
        if (parts.Any(part => !(part.Weight > 0 && double.IsFinite(part.Weight))))
            throw new ArgumentException($"The weights of the parts are [{string.Join(", ", parts.Select(part => part.Weight))}]; each must be a positive number.", nameof(parts));
        return parts.Sum(part => part.Weight);
    }

    /// <summary>sum := sum + share part, where no sum is 0. Frees the part.</summary>
    internal static void AddTo(ref Tensor? sum, Tensor part, double share)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        using var before = sum;
        var weighted = part.mul(share);
        part.Dispose();
        sum = (before is null ? weighted : before.add(weighted)).MoveToOuterDisposeScope();
    }
}
