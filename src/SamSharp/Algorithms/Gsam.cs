using SamSharp.Steps;

namespace SamSharp;

public static partial class Recipe
{
    /// <summary>GSAM (Zhuang et al. 2022) with a radius that follows the learning rate, rhoMin + (rho - rhoMin) lr /
    /// maxLearningRate; see <see cref="SurrogateGap"/>.</summary>
    /// <param name="rho">The largest radius. Default 0.6 (big_vision, ViT-B/32).</param>
    /// <param name="rhoMin">The radius at learning rate 0. Default 0.1 (the same).</param>
    /// <param name="alpha">How much of the orthogonal component is used. Default 0.6 (the same).</param>
    /// <param name="maxLearningRate">The rate at which the radius is rho; null (default) for the param group's initial rate,
    /// right for schedules that decrease from it.</param>
    [Published("GSAM", "Zhuang et al. 2022", "1", "2")]
    public static SharpnessAwareOptions Gsam(double rho = 0.6, double rhoMin = 0.1, double alpha = 0.6, double? maxLearningRate = null) =>
        new() { Rho = rho, Schedule = RadiusSchedule.TiedToLearningRate(rhoMin, lrMax: maxLearningRate), Combiner = new SurrogateGap(alpha) };
}

/// <summary>
/// GSAM descends the perturbed loss, and reduces the gap between it and the plain loss by climbing along the component of g that is orthogonal to g+:
/// g+ - alpha (g - c g+) with c = &lt;g, g+&gt; / |g+|^2
/// (Zhuang, Gong, Yuan, Cui, Adam, Dvornek, Tatikonda, Duncan, Liu, "Surrogate Gap Minimization Improves Sharpness-Aware Training", 2022).
/// </summary>
/// <remarks>
/// The authors' PyTorch code adds 1e-12 to the norms; here a norm of 0 makes c 0. Their JAX code (big_vision) has a second form, which
/// descends the plain loss: g + alpha (g+ - c g) with c = &lt;g, g+&gt; / |g|^2; set <paramref name="MinimizePerturbed"/> to false for it.
/// </remarks>
/// <param name="Alpha">How much of the orthogonal component is used, at least 0; 0 is SAM (in the second form, the base optimizer alone). Default 0.4
/// (kozistr/pytorch_optimizer; big_vision uses 0.6 for ViT-B/32).</param>
/// <param name="MinimizePerturbed">Whether the perturbed loss is descended, or the plain one; big_vision's
/// minimize_fp. Default: the perturbed one.</param>
public sealed record SurrogateGap(double Alpha = 0.4, bool MinimizePerturbed = true) : ICombiner
{
    /// <summary>How much of the orthogonal component is used, at least 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or not finite.</exception>
    public double Alpha { get; init => field = Check.NonNegative(value, nameof(Alpha)); } = Check.NonNegative(Alpha);

    /// <inheritdoc/>
    public bool NeedsAscentGradients => true;

    /// <inheritdoc/>
    public void Combine(Descent descent)
    {
        ArgumentNullException.ThrowIfNull(descent);
        var along = descent.Along(descent.Product(), MinimizePerturbed ? descent.NormAtPerturbed() : descent.NormAtWeights());
        var (own, other) = MinimizePerturbed
            ? (along.Times(Alpha).Plus(1), along.FullLike(-Alpha))
            : (along.FullLike(Alpha), along.Times(Alpha).SubtractedFrom(1));
        foreach (var pair in descent.Pairs) descent.Mix(pair.AtPerturbed, own, pair.AtWeights, other);
    }
}
