using SamSharp.Steps;

namespace SamSharp;

public static partial class Recipe
{
    /// <summary>GAM (Zhang, Xu, Yu, Zou, Cui, "Gradient Norm Aware Minimization Seeks First-Order Flatness and Improves Generalization", 2023;
    /// xxgege/GAM), with four passes per step; see <see cref="FirstOrderFlatness"/>.</summary>
    /// <param name="rho">The radius of the ascents, grad_rho there. Default 0.04 (the official script's largest; it decays to 0.02).</param>
    /// <param name="normRho">The radius along the growth of the gradient, grad_norm_rho there. Default 0.2 (the official script).</param>
    /// <param name="beta1">The share of g+. Default 0.2 (in the range of the official scripts, 0.1 to 0.6).</param>
    /// <param name="beta2">The share of the gradient at p in what is subtracted. Default 0.8, 1 less beta1's, as in the official scripts.</param>
    /// <param name="beta3">The share of the gradient after the ascent from p. Default 0.8, as beta2.</param>
    /// <param name="gamma">How much is subtracted. Default 0.04 (the official scripts use 0.03 to 0.05).</param>
    [Published("GAM", "Zhang et al. 2023", "3", "6")]
    public static SharpnessAwareOptions Gam(double rho = 0.04, double normRho = 0.2, double beta1 = 0.2, double beta2 = 0.8, double beta3 = 0.8,
        double gamma = 0.04) =>
        new() { Rho = rho, Combiner = new FirstOrderFlatness(Check.NonNegative(normRho) / Check.Positive(rho), beta1, beta2, beta3, gamma) };
}

/// <summary>
/// GAM's gradient. With g at w, g1 = g+, g2 at p = w + R (g1 - g)^, and g3 after an ascent from p, let M = g + |beta2| g2 and q = beta1 g1 + beta3
/// g3; the result is q - gamma times the part of M that is orthogonal to q.
/// </summary>
/// <param name="Reach">R as a multiple of the radius.</param>
/// <param name="Beta1">The share of g1.</param>
/// <param name="Beta2">The share of g2.</param>
/// <param name="Beta3">The share of g3.</param>
/// <param name="Gamma">How much of the orthogonal part is subtracted.</param>
internal sealed record FirstOrderFlatness(double Reach, double Beta1, double Beta2, double Beta3, double Gamma) : ICombiner
{
    /// <inheritdoc/>
    public bool NeedsAscentGradients => true;

    /// <inheritdoc/>
    public bool NeedsFurtherPasses => true;

    /// <inheritdoc/>
    public void Combine(Descent descent)
    {
        var (second, third) = FlatnessPoints.Of(descent, Reach);
        using (second)
        using (third)
        {
            foreach (var pair in descent.Pairs)
            {
                descent.Accumulate(pair.AtWeights, second.Of(pair), Math.Abs(Beta2));
                descent.Mix(pair.AtPerturbed, Beta1, third.Of(pair), Beta3);
            }
        }
        var along = descent.Along(descent.Product(), descent.NormAtPerturbed());
        foreach (var pair in descent.Pairs)
            descent.Mix(pair.AtPerturbed, along.Times(Gamma).IncreaseBy(1), pair.AtWeights, along.FullLike(-Gamma));
    }
}
