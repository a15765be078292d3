using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

public static partial class Recipe
{
    /// <summary>
    /// SAM with the "adaptive" option of google-research/big_vision's GSAM: e = rho |w| d / |d|, with one factor of |w| and an unweighted norm. It is
    /// not ASAM (<see cref="AdaptiveGeometry"/>): it has neither ASAM's norm nor its invariance under rescaling.
    /// </summary>
    /// <param name="rho">The radius. Default 0.05, SAM's; no default is published for this option alone.</param>
    [Published("Weight-scaled", "big_vision", "1", "2")]
    public static SharpnessAwareOptions WeightScaledSam(double rho = 0.05) => new() { Rho = rho, Geometry = new WeightScaledGeometry() };
}

/// <summary>e = rho |w| d / |d|.</summary>
/// <param name="Wrapped">The geometry that gives norm and radius. Null (default): Euclidean.</param>
internal sealed record WeightScaledGeometry(IGeometry? Wrapped = null) : GeometryDecorator(Wrapped ?? new EuclideanGeometry())
{
    /// <inheritdoc/>
    public override Tensor Norm(Ascent ascent)
    {
        var norm = base.Norm(ascent);
        foreach (var bucket in ascent.Buckets)
            bucket.Direction = bucket.Weights.Zip(bucket.Direction, (w, d) => w.to(bucket.Accumulator).abs().mul(d)).ToArray();
        return norm;
    }
}
