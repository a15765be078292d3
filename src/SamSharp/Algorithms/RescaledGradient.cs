using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// StableSAM: the gradient at w + e, made as long as the gradient at w: g+ ||g|| / (||g+|| + floor), so that SAM is stable at the learning rates of its base optimizer
/// (Tan et al., "Stabilizing Sharpness-aware Minimization Through A Simple Renormalization Strategy", 2024; cltan023/stablesam2024).
/// </summary>
/// <remarks>With ASAM the authors measure both lengths in the weights' own scale, ||(|w| + kappa) g|| and ||(|w + e| + kappa) g+||, the second at the perturbed weights; give the geometry's kappa for that.
/// A g+ of 0 stays 0.</remarks>
/// <param name="kappa">As the <see cref="AdaptiveGeometry"/> beside it has; null (default) for the Euclidean length.</param>
/// <param name="normFloor">Added to ||g+||. Default 1e-12 (the authors' code).</param>
/// <exception cref="ArgumentOutOfRangeException">kappa or normFloor is negative or not finite.</exception>
public sealed class RescaledGradient(double? kappa = null, double normFloor = 1e-12) : ICombiner
{
    private readonly double? _kappa = kappa is { } given ? Check.NonNegative(given, nameof(kappa)) : null;
    private readonly double _normFloor = Check.NonNegative(normFloor);
    private Tensor? _perturbedNorm; // from Inspect to Combine, which share a dispose scope

    /// <inheritdoc/>
    public bool NeedsAscentGradients => true;

    /// <inheritdoc/>
    public void Inspect(Descent descent)
    {
        ArgumentNullException.ThrowIfNull(descent);
        _perturbedNorm = Length(descent, atWeights: false);
    }

    /// <inheritdoc/>
    public void Combine(Descent descent)
    {
        ArgumentNullException.ThrowIfNull(descent);
        var ratio = Length(descent, atWeights: true) * descent.Kernels.Scale(_perturbedNorm!, 1, _normFloor);
        foreach (var list in descent.Lists) descent.Multiply(list, list.Pairs().AtPerturbed, ratio);
        _perturbedNorm = null;
    }

    /// <summary>The length of a gradient, measured with the weights where they are now.</summary>
    private Tensor Length(Descent descent, bool atWeights) => descent.GlobalNorm(list =>
    {
        var pairs = list.Pairs();
        var gradients = atWeights ? pairs.AtWeights : pairs.AtPerturbed;
        return _kappa is { } kappa
            ? descent.Kernels.AdaptiveNorm(pairs.Slots.Select(Tensor (slot) => slot.Parameter).ToArray(), gradients, kappa)
            : descent.Kernels.Norm(gradients);
    });
}
