using SamSharp.Steps;

namespace SamSharp;

public static partial class Recipe
{
    /// <summary>WSAM (Yue et al. 2023), decoupled; see <see cref="DecoupledSharpness"/>.</summary>
    /// <param name="rho">The radius. Default 0.05 (intelligent-machine-learning/atorch, the authors).</param>
    /// <param name="gamma">The weight of sharpness. Default 0.9 (the same).</param>
    [Published("WSAM", "Yue et al. 2023", "1", "2")]
    public static SharpnessAwareOptions Wsam(double rho = 0.05, double gamma = 0.9) => new() { Rho = rho, Combiner = new DecoupledSharpness(gamma) };

    /// <summary>WSAM (Yue et al. 2023), coupled: base((1 - a) g + a g+) with a = gamma / (1 - gamma).</summary>
    /// <param name="rho">The radius. Default 0.05 (intelligent-machine-learning/atorch, the authors).</param>
    /// <param name="gamma">The weight of sharpness. Default 0.9 (the same).</param>
    /// <param name="clipping">Clips the gradients first. Default: none.</param>
    [Published("WSAM, coupled", "Yue et al. 2023", "1", "2")]
    public static SharpnessAwareOptions CoupledWsam(double rho = 0.05, double gamma = 0.9, GradientClipping? clipping = null) =>
        new() { Rho = rho, Combiner = WeightedGradient.OfGamma(gamma, clipping) };
}

/// <summary>
/// WSAM's decoupled form: the base optimizer gets g, and sharpness acts separately, like decoupled weight decay: after the base step,
/// w := w - lr a (g+ - g) with a = gamma / (1 - gamma) and the param group's learning rate in this step (Yue, Jiang, Ye, Gao, Liu, Zhang,
/// "Sharpness-Aware Minimization Revisited: Weighted Sharpness as a Regularization Term", 2023).
/// </summary>
/// <param name="Gamma">The weight of sharpness, in [0, 1); 0 is the base optimizer alone. Default 0.9 (the authors' code,
/// intelligent-machine-learning/atorch).</param>
/// <param name="Clipping">Clips the gradients first. Default: none.</param>
public sealed record DecoupledSharpness(double Gamma = 0.9, GradientClipping? Clipping = null) : ICombiner
{
    /// <summary>The weight of sharpness, in [0, 1); 0 is the base optimizer alone.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside [0, 1).</exception>
    public double Gamma { get; init => field = Check.Share(value, nameof(Gamma)); } = Check.Share(Gamma);

    /// <inheritdoc/>
    public bool NeedsAscentGradients => true;

    /// <inheritdoc/>
    public bool ActsAfterStep => true;

    /// <inheritdoc/>
    public void Combine(Descent descent)
    {
        ArgumentNullException.ThrowIfNull(descent);
        Clipping?.Apply(descent);
        foreach (var pair in descent.Pairs) Descent.HandOver(pair, pair.AtWeights);
    }

    /// <inheritdoc/>
    public void AfterStep(Descent descent)
    {
        ArgumentNullException.ThrowIfNull(descent);
        foreach (var pair in descent.Pairs)
        {
            var reach = pair.LearningRate * Gamma / (1 - Gamma);
            var weights = descent.Movable(pair);
            descent.Accumulate(weights, pair.AtPerturbed, -reach);
            descent.Accumulate(weights, pair.AtWeights, reach);
        }
    }
}
