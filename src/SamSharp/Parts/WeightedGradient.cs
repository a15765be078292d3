using SamSharp.Steps;

namespace SamSharp;

/// <summary>
/// A weighted sum of the two gradients, (1 - weight) g + weight g+. With weight = gamma / (1 - gamma) it is WSAM's coupled form
/// (Yue, Jiang, Ye, Gao, Liu, Zhang, "Sharpness-Aware Minimization Revisited: Weighted Sharpness as a Regularization Term", 2023), see <see cref="OfGamma"/>;
/// with weight = gamma it is that of G-RST (Zhao, Zhang, Hu, "Randomized Sharpness-Aware Training for Boosting Computational Efficiency in Deep Learning", 2022),
/// and with random directions that of m-RWP (Li, Tao et al. 2024).
/// </summary>
/// <param name="weight">The share of g+: 0 is the base optimizer alone, 1 is SAM, more than 1 weighs sharpness above the loss. At least 0.</param>
/// <param name="clipping">Clips the gradients first. Default: not.</param>
/// <exception cref="ArgumentOutOfRangeException">The weight is negative or not finite.</exception>
public sealed class WeightedGradient(double weight, GradientClipping? clipping = null) : ICombiner
{
    private readonly double _weight = Check.NonNegative(weight);

    /// <summary>WSAM's coupled form: weight = gamma / (1 - gamma).</summary>
    /// <param name="gamma">In [0, 1): 0 is the base optimizer alone, 0.5 is SAM.</param>
    /// <param name="clipping">Clips the gradients first. Default: not.</param>
    /// <exception cref="ArgumentOutOfRangeException">gamma lies outside [0, 1).</exception>
    public static WeightedGradient OfGamma(double gamma, GradientClipping? clipping = null) => new(Check.Share(gamma) / (1 - gamma), clipping);

    /// <inheritdoc/>
    public bool NeedsAscentGradients => true;

    /// <inheritdoc/>
    public void Combine(Descent descent)
    {
        ArgumentNullException.ThrowIfNull(descent);
        clipping?.Apply(descent);
        foreach (var list in descent.Lists)
        {
            var pairs = list.Pairs();
            descent.Kernels.Mix(pairs.AtPerturbed, Pass.Factor(list, _weight), pairs.AtWeights, Pass.Factor(list, 1 - _weight));
        }
    }
}
