using SamSharp.Steps;

namespace SamSharp;

/// <summary>
/// CR-SAM: looks at the opposite point too, and takes curvature along e and the slope's growth into the gradient: g+ + gamma (g+ + g- - 2 g) + beta (g+ - g-), with g- at w - e
/// (Wu, Luo, Wunsch, "CR-SAM: Curvature Regularized Sharpness-Aware Minimization", 2024).
/// </summary>
/// <remarks>This is the rule of the authors' code (TrustAIoT/CR-SAM). The paper's regulariser takes logarithms, which would divide both terms by differences of losses; the code does not.</remarks>
/// <param name="gamma">Weight of the curvature. Default 0.1 (the class in their code).</param>
/// <param name="beta">Weight of the slope. Default 0.1 (the class in their code; its script has 0.01).</param>
/// <exception cref="ArgumentOutOfRangeException">gamma or beta is negative or not finite.</exception>
public sealed class CurvatureRegularized(double gamma = 0.1, double beta = 0.1) : ICombiner
{
    private readonly double _gamma = Check.NonNegative(gamma);
    private readonly double _beta = Check.NonNegative(beta);

    /// <inheritdoc/>
    public bool NeedsAscentGradients => true;

    /// <inheritdoc/>
    public bool NeedsFurtherPasses => true;

    /// <inheritdoc/>
    public void Combine(Descent descent)
    {
        ArgumentNullException.ThrowIfNull(descent);
        using var opposite = descent.At(-1);
        foreach (var list in descent.Lists)
        {
            var pairs = list.Pairs();
            descent.Kernels.Mix(pairs.AtPerturbed, Pass.Factor(list, 1 + _gamma + _beta), pairs.AtWeights, Pass.Factor(list, -2 * _gamma));
            descent.Kernels.Accumulate(pairs.AtPerturbed, opposite.Of(pairs.Slots), _gamma - _beta);
        }
    }
}
