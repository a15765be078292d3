using SamSharp.Steps;

namespace SamSharp;

public static partial class Recipe
{
    /// <summary>
    /// CR-SAM (Wu, Luo, Wunsch, "CR-SAM: Curvature Regularized Sharpness-Aware Minimization", 2024), with three passes per step: it also evaluates
    /// the opposite point, and adds the curvature along e and the growth of the slope to the gradient:
    /// g+ + gamma (g+ + g- - 2 g) + beta (g+ - g-), with g- at w - e.
    /// </summary>
    /// <remarks>This is the rule of the authors' code (TrustAIoT/CR-SAM). The paper's regularizer takes logarithms, which would divide both terms by
    /// differences of losses; the code does not.</remarks>
    /// <param name="rho">The radius. Default 0.1 (TrustAIoT/CR-SAM).</param>
    /// <param name="gamma">Weight of the curvature. Default 0.1 (the same class).</param>
    /// <param name="beta">Weight of the slope. Default 0.1 (the same class; its script uses 0.01).</param>
    [Published("CR-SAM", "Wu et al. 2024", "2", "3")]
    public static SharpnessAwareOptions CrSam(double rho = 0.1, double gamma = 0.1, double beta = 0.1) =>
        new() { Rho = rho, Combiner = new CurvatureRegularized(gamma, beta) };
}

/// <summary>g+ + gamma (g+ + g- - 2 g) + beta (g+ - g-), with g- at w - e.</summary>
/// <param name="Gamma">Weight of the curvature, at least 0.</param>
/// <param name="Beta">Weight of the slope, at least 0.</param>
internal sealed record CurvatureRegularized(double Gamma = 0.1, double Beta = 0.1) : ICombiner
{
    /// <summary>Weight of the curvature, at least 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or not finite.</exception>
    public double Gamma { get; init => field = Check.NonNegative(value, nameof(Gamma)); } = Check.NonNegative(Gamma);

    /// <summary>Weight of the slope, at least 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or not finite.</exception>
    public double Beta { get; init => field = Check.NonNegative(value, nameof(Beta)); } = Check.NonNegative(Beta);

    /// <inheritdoc/>
    public bool NeedsAscentGradients => true;

    /// <inheritdoc/>
    public bool NeedsFurtherPasses => true;

    /// <inheritdoc/>
    public void Combine(Descent descent)
    {
        using var opposite = descent.At(-1);
        foreach (var pair in descent.Pairs)
        {
            descent.Mix(pair.AtPerturbed, 1 + Gamma + Beta, pair.AtWeights, -2 * Gamma);
            descent.Accumulate(pair.AtPerturbed, opposite.Of(pair), Gamma - Beta);
        }
    }
}
