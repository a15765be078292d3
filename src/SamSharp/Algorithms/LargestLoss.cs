using static TorchSharp.torch;

namespace SamSharp;

/// <summary>K-SAM: both passes are made on the K examples of the largest loss at w (Ni, Chiang, Geiping, Goldblum, Wilson, Goldstein, "K-SAM: Sharpness-Aware Minimization at the Speed
/// of SGD", 2022). It leans towards examples with wrong labels.</summary>
/// <param name="count">K, for both passes; all examples where there are fewer.</param>
/// <param name="ascentCount">K of the first pass, when it is to differ.</param>
/// <exception cref="ArgumentOutOfRangeException">A count is less than 1.</exception>
public sealed class LargestLoss(int count, int? ascentCount = null) : IExampleRule
{
    private readonly int _count = Check.Positive(count);
    private readonly int _ascentCount = Check.Positive(ascentCount ?? count, nameof(ascentCount));

    /// <inheritdoc/>
    public bool LooksFirst => true;

    /// <inheritdoc/>
    public ExampleSubset ForAscent(Tensor? losses) => Largest(losses, _ascentCount);

    /// <inheritdoc/>
    public ExampleSubset ForDescent(Tensor? losses, Tensor? perturbed) => Largest(losses, _count);

    private static ExampleSubset Largest(Tensor? losses, int count) =>
        losses is null ? default : new ExampleSubset(losses.topk((int)Math.Min(count, losses.numel())).indexes);
}
