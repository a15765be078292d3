using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// ESAM's sharpness-sensitive data selection: the second pass is made on the examples whose loss rises most from w to w + e
/// (Du, Yan, Feng, Zhou, Zhen, Goh, Tan, "Efficient Sharpness-aware Minimization for Improved Training of Neural Networks", 2022).
/// </summary>
public sealed class LargestRise : IExampleRule
{
    private readonly double _share;
    private readonly bool _aboveCutoff;

    /// <summary>Keeps the given share of examples.</summary>
    /// <param name="share">Of the batch, in (0, 1]: K = floor(share * examples), at least one. ESAM's gamma; others use 0.5.</param>
    /// <param name="aboveCutoff">False (default): the K largest, as in the paper. True: those above the K-th largest, so K - 1 where none are equal, as dydjw9/Efficient_SAM has it.</param>
    /// <exception cref="ArgumentOutOfRangeException">share is not in (0, 1].</exception>
    public LargestRise(double share = 0.5, bool aboveCutoff = false)
    {
        _share = share > 0 && share <= 1 ? share : throw new ArgumentOutOfRangeException(nameof(share), share, "The share of examples must lie in (0, 1].");
        _aboveCutoff = aboveCutoff;
    }

    /// <inheritdoc/>
    public bool LooksAgain => _share < 1;

    /// <inheritdoc/>
    public ExampleSubset ForDescent(Tensor? losses, Tensor? perturbed)
    {
        if (losses is null || perturbed is null) return default;
        var count = Math.Max(1, (int)Math.Floor(losses.numel() * _share) - (_aboveCutoff ? 1 : 0));
        return new ExampleSubset((perturbed - losses).topk(count).indexes);
    }
}
