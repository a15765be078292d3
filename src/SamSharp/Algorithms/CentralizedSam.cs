using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

public static partial class Recipe
{
    /// <summary>SAM with gradient centralization in the ascent (kozistr/pytorch_optimizer's use_gc); see <see cref="CentralizedGeometry"/>.</summary>
    /// <param name="rho">The radius. Default 0.05.</param>
    [Published("Centralized", "Hassan et al. 2024 (GCSAM)", "1", "2")]
    public static SharpnessAwareOptions CentralizedSam(double rho = 0.05) => new() { Rho = rho, Geometry = new CentralizedGeometry() };
}

/// <summary>
/// Gradient centralization in the ascent (kozistr/pytorch_optimizer's use_gc): subtracts from every direction with more than one dimension
/// its mean over all dimensions except the first, after taking the norm of the uncentered direction.
/// </summary>
/// <param name="Wrapped">The geometry that gives norm and radius. Null (default): Euclidean.</param>
internal sealed record CentralizedGeometry(IGeometry? Wrapped = null) : GeometryDecorator(Wrapped ?? new EuclideanGeometry())
{
    /// <inheritdoc/>
    public override Tensor Norm(Ascent ascent)
    {
        var norm = base.Norm(ascent);
        foreach (var bucket in ascent.Buckets) bucket.Direction = Array.ConvertAll(bucket.Direction, Centralized);
        return norm;
    }

    private static Tensor Centralized(Tensor direction) => direction.dim() < 2
        ? direction
        : direction.sub(direction.mean(Enumerable.Range(1, (int)direction.dim() - 1).Select(dimension => (long)dimension).ToArray(), keepdim: true));
}
