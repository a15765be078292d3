namespace SamSharp.Analysis;

/// <summary>The loss over a ball, as a function of z: displacements are z itself, or |w| z in an adaptive ball.</summary>
internal sealed class Climb(LossSurface surface, Ball ball) : IDisposable
{
    private readonly WeightVector? _scale = ball.Adaptive ? Magnitudes(surface) : null;

    /// <summary>The loss.</summary>
    public LossSurface Surface => surface;

    /// <summary>The loss at z.</summary>
    public double Loss(WeightVector z)
    {
        using var displacement = Displacement(z);
        return surface.Loss(displacement);
    }

    /// <summary>The loss at z, and the steepest direction there, of norm 1; it is the caller's.</summary>
    /// <param name="z">Null for w itself.</param>
    public (double Loss, WeightVector Uphill) Look(WeightVector? z = null)
    {
        using var displacement = z is null ? null : Displacement(z);
        var (loss, gradient) = surface.Gradient(displacement);
        return (loss, ball.Steepest(_scale is null ? gradient : gradient.Multiply(_scale)));
    }

    public void Dispose() => _scale?.Dispose();

    /// <summary>|w|, the scale of adaptive measures.</summary>
    public static WeightVector Magnitudes(LossSurface surface) => surface.Weights().Each((tensor, _) => tensor.abs_());

    /// <summary>The displacement of the weights that z stands for; it is the caller's.</summary>
    public WeightVector Displacement(WeightVector z) => _scale is null ? z.Clone() : z.Clone().Multiply(_scale);
}
