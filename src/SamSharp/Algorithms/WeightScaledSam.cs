using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

public static partial class Recipe
{
    /// <summary>What big_vision's GSAM calls adaptive, see <see cref="WeightScaledGeometry"/>; not ASAM.</summary>
    /// <param name="rho">The radius. No published default for it alone; 0.05 as SAM.</param>
    public static SharpnessAwareOptions WeightScaledSam(double rho = 0.05) => new() { Rho = rho, Geometry = new WeightScaledGeometry() };
}

/// <summary>
/// The "adaptive" option of google-research/big_vision's GSAM: e = rho |w| d / |d|, one factor of |w| and an unweighted norm. It is not ASAM, for which see
/// <see cref="AdaptiveGeometry"/>: it has neither ASAM's norm nor its invariance under rescaling.
/// </summary>
/// <param name="Wrapped">Gives norm and radius. Null (default): Euclidean.</param>
public sealed record WeightScaledGeometry(IGeometry? Wrapped = null) : GeometryDecorator(Wrapped ?? new EuclideanGeometry())
{
    /// <inheritdoc/>
    public override Tensor Norm(Ascent ascent)
    {
        var norm = base.Norm(ascent);
        foreach (var bucket in ascent.Buckets) bucket.Direction = bucket.Weights.Zip(bucket.Direction, (w, d) => w.abs().mul_(d)).ToArray();
        return norm;
    }
}
