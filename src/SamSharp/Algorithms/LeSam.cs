using SamSharp.Steps;

namespace SamSharp;

public static partial class Recipe
{
    /// <summary>LE-SAM, which sets the predicted rise of the loss instead of the distance: rho = min(sigma / (|g| + s), rhoMax); see
    /// <see cref="LossBudget"/>.</summary>
    /// <param name="sigma">The rise of the loss that an ascent aims at. Default 0.1; the source gives no default.</param>
    /// <param name="rhoMax">The largest radius. Default 0.5; the source gives no default.</param>
    /// <param name="steps">The training steps over which sigma falls to 0 along half a cosine. Null (default) keeps it constant.</param>
    /// <param name="floor">s, added to |g|. Default 1e-12; the source gives no default.</param>
    [Published("LE-SAM", "LE-SAM 2026", "1", "1")]
    public static SharpnessAwareOptions LeSam(double sigma = 0.1, double rhoMax = 0.5, long? steps = null, double floor = 1e-12) =>
        new() { Rho = rhoMax, Schedule = new LossBudget(sigma, steps, floor) };
}

/// <summary>
/// The radius at which the linear model of the loss rises by sigma, at most the configured radius (LE-SAM, 2026, as described by
/// junaidaliop/zij; the paper's code was not available). Reads |g| from the device in each step.
/// </summary>
/// <param name="Sigma">The rise of the loss, at least 0.</param>
/// <param name="Steps">The steps over which it falls to 0; null keeps it.</param>
/// <param name="Floor">Added to |g|, at least 0.</param>
internal sealed record LossBudget(double Sigma, long? Steps, double Floor) : IRadiusSchedule
{
    /// <summary>The rise of the loss, at least 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or not finite.</exception>
    public double Sigma { get; init => field = Check.NonNegative(value, "sigma"); } = Check.NonNegative(Sigma, "sigma");

    /// <inheritdoc/>
    public string? Objection(SharpnessAwareOptions options, TorchSharp.torch.optim.Optimizer baseOptimizer) =>
        options.Direction.NeedsGradients(1) ? null
        : $"LE-SAM's radius depends on the gradient at w, which {options.Direction.GetType().Name} does not compute. " +
            "Use a direction that follows the gradient.";

    /// <inheritdoc/>
    public double At(StepInfo info, double rho) => rho;

    /// <inheritdoc/>
    public double After(FirstPassReport first, StepInfo info, double radius)
    {
        var sigma = Steps is { } steps ? Ramp.Cosine(Sigma, 0, steps)(info.Step) : Sigma;
        var reach = sigma / (first.GradientNorm + Floor);
        return double.IsFinite(reach) ? Math.Min(reach, radius) : 0;
    }
}
