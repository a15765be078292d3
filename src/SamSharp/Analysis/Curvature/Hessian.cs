namespace SamSharp.Analysis;

/// <summary>The Hessian H of a loss at the model's weights, as an operator that multiplies vectors; if adaptive, D H D with D = diag(|w|).</summary>
/// <remarks>With several batches a product is a pass over each. Dispose it before the surface.</remarks>
public sealed class Hessian : IDisposable
{
    private readonly WeightVector? _scale;

    /// <summary>The Hessian of a surface.</summary>
    /// <param name="surface">The loss.</param>
    /// <param name="adaptive">Whether curvature is relative to the size of the weights. Default: false.</param>
    public Hessian(LossSurface surface, bool adaptive = false)
    {
        ArgumentNullException.ThrowIfNull(surface);
        Surface = surface;
        _scale = adaptive ? Climb.Magnitudes(surface) : null;
    }

    /// <summary>The loss.</summary>
    public LossSurface Surface { get; }

    /// <summary>H, or DHD, for the names of measurements.</summary>
    internal string Symbol => _scale is null ? "H" : "DHD";

    /// <summary>A note on how products were computed, if it is needed.</summary>
    internal string Note => Surface.Products == HessianVectorProduct.FiniteDifference ? ", finite differences" : "";

    /// <summary>H v, or D H D v.</summary>
    /// <returns>The result, which the caller disposes.</returns>
    /// <exception cref="NotSupportedException">As for <see cref="LossSurface.HessianProduct"/>.</exception>
    public WeightVector Apply(WeightVector vector)
    {
        ArgumentNullException.ThrowIfNull(vector);
        if (_scale is null) return Surface.HessianProduct(vector);
        using var scaled = vector.Clone().Multiply(_scale);
        return Surface.HessianProduct(scaled).Multiply(_scale);
    }

    /// <summary>Frees the copy of the scale; the surface stays.</summary>
    public void Dispose() => _scale?.Dispose();
}
