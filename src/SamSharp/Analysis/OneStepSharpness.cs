namespace SamSharp.Analysis;

/// <summary>
/// How much the loss climbs in one sharpness-aware step: L(w + e) - L(w), where e is the point of the ball farthest along the gradient: for L2,
/// e = rho g / ||g||, as in SAM (Foret, Kleiner, Mobahi, Neyshabur, 2021); for adaptive L2, e = rho w^2 g / ||w g||, as in
/// ASAM. It costs a backward and two forward passes.
/// </summary>
/// <param name="ball">The ball in which the step is made.</param>
public sealed class OneStepSharpness(Ball ball) : ISharpnessMeasure
{
    private readonly Ball _ball = ball ?? throw new ArgumentNullException(nameof(ball));

    /// <inheritdoc/>
    public IReadOnlyList<Measurement> Measure(LossSurface surface)
    {
        ArgumentNullException.ThrowIfNull(surface);
        var name = $"one step, {_ball.Name}";
        using var part = surface.Watch.Begin(name);
        using var climb = new Climb(surface, _ball);
        using var step = climb.Look().Uphill.Scale(_ball.Radius);
        var found = new Measurement(name, climb.Loss(step) - surface.LossAtOrigin, surface.Rows) { Radius = _ball.Radius };
        surface.Watch.Report(1, 1);
        return [found];
    }
}
