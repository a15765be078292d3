using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

public static partial class Recipe
{
    /// <summary>
    /// StableSAM: the gradient at w + e, rescaled to the length of the gradient at w, g+ |g| / (|g+| + floor), so that SAM is stable
    /// at the learning rates of its base optimizer (Tan et al., "Stabilizing Sharpness-aware Minimization Through A Simple
    /// Renormalization Strategy", 2024; cltan023/stablesam2024). A g+ of 0 stays 0.
    /// </summary>
    /// <param name="rho">The radius. Default 0.05 (cltan023/stablesam2024).</param>
    /// <param name="normFloor">The floor, at least 0. Default 1e-12 (the same code).</param>
    [Published("StableSAM", "Tan et al. 2024", "1", "2")]
    public static SharpnessAwareOptions StableSam(double rho = 0.05, double normFloor = 1e-12) =>
        new() { Rho = rho, Combiner = new RescaledGradient(NormFloor: normFloor) };

    /// <summary>StableSAM on ASAM with every parameter adaptive (cltan023/stablesam2024 with adaptive).</summary>
    /// <param name="rho">The radius. Default 0.5, ASAM's.</param>
    /// <param name="kappa">Added to |w|. Default 0 (the same code).</param>
    /// <param name="normFloor">As for <see cref="StableSam"/>.</param>
    /// <remarks>As in that code, both lengths are measured in the scale of the weights, |(|w| + kappa) g| and |(|w + e| + kappa) g+|, the
    /// second at the perturbed weights.</remarks>
    [Published("StableSAM on ASAM", "Tan et al. 2024", "1", "2")]
    public static SharpnessAwareOptions StableAsam(double rho = 0.5, double kappa = 0, double normFloor = 1e-12) =>
        new() { Rho = rho, Geometry = new AdaptiveGeometry(kappa), Combiner = new RescaledGradient(kappa, normFloor) };

    /// <summary>StableSAM on unnormalized SAM (cltan023/stablesam2024).</summary>
    /// <param name="rho">The perturbation as a multiple of the gradient. Default 0.05 (the same code).</param>
    /// <param name="normFloor">As for <see cref="StableSam"/>.</param>
    [Published("StableSAM on unnormalized SAM", "Tan et al. 2024", "1", "2")]
    public static SharpnessAwareOptions StableUnnormalizedSam(double rho = 0.05, double normFloor = 1e-12) =>
        new() { Rho = rho, Geometry = new RawGeometry(), Combiner = new RescaledGradient(NormFloor: normFloor) };
}

/// <summary>
/// StableSAM's combiner: the gradient at w + e, rescaled to the length of the gradient at w (<see cref="Recipe.StableSam"/>).
/// </summary>
/// <param name="Kappa">The kappa of the recipe's <see cref="AdaptiveGeometry"/>, at least 0; null (default) for the Euclidean length.</param>
/// <param name="NormFloor">Added to |g+|, at least 0. Default 1e-12 (the authors' code).</param>
internal sealed record RescaledGradient(double? Kappa = null, double NormFloor = 1e-12) : ICombiner
{
    /// <summary>The kappa of the recipe's <see cref="AdaptiveGeometry"/>, at least 0; null for the Euclidean length.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or not finite.</exception>
    public double? Kappa { get; init => field = Checked(value); } = Checked(Kappa);

    /// <summary>Added to |g+|, at least 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or not finite.</exception>
    public double NormFloor { get; init => field = Check.NonNegative(value, nameof(NormFloor)); } = Check.NonNegative(NormFloor);

    /// <inheritdoc/>
    public bool NeedsAscentGradients => true;

    /// <inheritdoc/>
    public void Inspect(Descent descent) => descent.Inspected = Length(descent, pair => pair.AtPerturbed);

    /// <inheritdoc/>
    public void Combine(Descent descent)
    {
        var ratio = Length(descent, pair => pair.AtWeights).mul(descent.Inverse(descent.Inspected!, NormFloor));
        foreach (var pair in descent.Pairs) descent.Multiply(pair.AtPerturbed, ratio);
    }

    /// <summary>The length of a gradient, measured with the weights where they are now.</summary>
    private Tensor Length(Descent descent, Func<ParameterBucket, Tensor[]> gradients) => descent.GlobalNorm(descent.Pairs, pair => Kappa is { } kappa
        ? descent.AdaptiveNorm(pair.Weights, gradients(pair), kappa)
        : descent.Norm(gradients(pair)));

    private static double? Checked(double? kappa) => kappa is { } given ? Check.NonNegative(given, nameof(Kappa)) : null;
}
