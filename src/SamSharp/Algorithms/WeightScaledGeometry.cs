using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// The "adaptive" option of google-research/big_vision's GSAM: e = rho |w| d / ||d||, one factor of |w| and an unweighted norm. It is not ASAM, for which see
/// <see cref="AdaptiveGeometry"/>: it has neither ASAM's norm nor its invariance under rescaling.
/// </summary>
/// <param name="inner">Gives norm and radius. Default: Euclidean.</param>
public sealed class WeightScaledGeometry(IGeometry? inner = null) : GeometryDecorator(inner ?? new EuclideanGeometry())
{
    /// <inheritdoc/>
    public override Tensor Norm(Ascent ascent)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        var norm = Inner.Norm(ascent);
        foreach (var list in ascent.Lists) list.Direction = list.Weights.Zip(list.Direction, (w, d) => w.abs().mul_(d)).ToArray();
        return norm;
    }
}
