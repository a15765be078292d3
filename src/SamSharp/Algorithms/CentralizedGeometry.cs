using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// Gradient centralisation within the ascent (GCSAM, as kozistr/pytorch_optimizer's use_gc): of every direction with more than one dimension the mean over all dimensions but the first
/// is taken away, after the norm of the uncentred direction was taken.
/// </summary>
/// <param name="inner">Gives norm and radius. Default: Euclidean.</param>
public sealed class CentralizedGeometry(IGeometry? inner = null) : GeometryDecorator(inner ?? new EuclideanGeometry())
{
    /// <inheritdoc/>
    public override Tensor Norm(Ascent ascent)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        var norm = Inner.Norm(ascent);
        foreach (var list in ascent.Lists) list.Direction = Array.ConvertAll(list.Direction, Centralized);
        return norm;
    }

    private static Tensor Centralized(Tensor direction) => direction.dim() < 2
        ? direction
        : direction - direction.mean(Enumerable.Range(1, (int)direction.dim() - 1).Select(dimension => (long)dimension).ToArray(), keepdim: true);
}
