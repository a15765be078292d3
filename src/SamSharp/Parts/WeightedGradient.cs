using SamSharp.Steps;

namespace SamSharp;

/// <summary>
/// A weighted sum of the two gradients, (1 - weight) g + weight g+. With weight = gamma / (1 - gamma) it is WSAM's coupled form
/// (Yue, Jiang, Ye, Gao, Liu, Zhang, "Sharpness-Aware Minimization Revisited: Weighted Sharpness as a Regularization Term", 2023), see
/// <see cref="OfGamma"/>; with weight = gamma it is the gradient of G-RST (Zhao, Zhang, Hu, "Randomized Sharpness-Aware Training for Boosting
/// Computational Efficiency in Deep Learning", 2022), and with random directions the gradient of m-RWP (Li, Tao et al. 2024).
/// </summary>
/// <param name="Weight">The weight of g+, at least 0: 0 is the base optimizer alone, 1 is SAM, more than 1 weighs sharpness above the loss.</param>
/// <param name="Clipping">Clips the gradients first. Default: none.</param>
internal sealed record WeightedGradient(double Weight, GradientClipping? Clipping = null) : ICombiner
{
    /// <summary>The weight of g+, at least 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or not finite.</exception>
    public double Weight { get; init => field = Check.NonNegative(value, nameof(Weight)); } = Check.NonNegative(Weight);

    /// <summary>WSAM's coupled form: weight = gamma / (1 - gamma).</summary>
    /// <param name="gamma">In [0, 1): 0 is the base optimizer alone, 0.5 is SAM.</param>
    /// <param name="clipping">Clips the gradients first. Default: none.</param>
    /// <exception cref="ArgumentOutOfRangeException">gamma lies outside [0, 1).</exception>
    public static WeightedGradient OfGamma(double gamma, GradientClipping? clipping = null) => new(Check.Share(gamma) / (1 - gamma), clipping);

    /// <inheritdoc/>
    public bool NeedsAscentGradients => true;

    /// <inheritdoc/>
    public void Combine(Descent descent)
    {
        Clipping?.Apply(descent);
        foreach (var pair in descent.Pairs) descent.Mix(pair.AtPerturbed, Weight, pair.AtWeights, 1 - Weight);
    }
}
