using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// Scales directions by the norms of the filters, d * |w_f|, before another geometry. A filter is a slice of the weight along its first dimension; a
/// vector is one filter (LPF-SGD: Bisla, Wang, Choromanska, "Low-Pass Filtering SGD for Recovering Flat Optima in the Deep Learning Optimization
/// Landscape", 2022; RWP).
/// </summary>
/// <param name="Wrapped">The geometry that gets the scaled directions.</param>
public sealed record FilterGeometry(IGeometry Wrapped) : GeometryDecorator(Wrapped)
{
    /// <inheritdoc/>
    public override Tensor Norm(Ascent ascent)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        foreach (var bucket in ascent.Buckets)
        {
            bucket.Direction = bucket.Direction.Zip(bucket.Weights, (direction, weight) =>
                direction.to(bucket.Accumulator).mul(Filters.Norms(weight))).ToArray();
        }
        return Wrapped.Norm(ascent);
    }
}
