using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

public static partial class Recipe
{
    /// <summary>SAGM (Wang, Zhang, Lei, Zhang, "Sharpness-Aware Gradient Matching for Domain Generalization", 2023; Wang-pengfei/SAGM): the mean of
    /// the gradients at w and at w + (rho / |g| - alpha) g.</summary>
    /// <param name="rho">The radius. Default 0.05 (the official code).</param>
    /// <param name="alpha">The length of the way back, as a multiple of g; at least 0. Default 0.001 (the official code).</param>
    [Published("SAGM", "Wang et al. 2023", "1", "3")]
    public static SharpnessAwareOptions Sagm(double rho = 0.05, double alpha = 0.001) => new()
    {
        Rho = rho,
        Geometry = new ShortenedGeometry(new EuclideanGeometry(), alpha),
        Combiner = new WeightedGradient(0.5),
    };
}

/// <summary>Another geometry whose perturbation rho T^2 d / |T d| is shortened by alpha T^2 d, a step of descent.</summary>
/// <param name="Wrapped">A geometry with one norm, such as SAM's or ASAM's.</param>
/// <param name="Alpha">The length of the step, at least 0.</param>
internal sealed record ShortenedGeometry(IGeometry Wrapped, double Alpha) : GeometryDecorator(Wrapped)
{
    /// <summary>The length of the step, at least 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or not finite.</exception>
    public double Alpha { get; init => field = Check.NonNegative(value, "alpha"); } = Check.NonNegative(Alpha, "alpha");

    /// <inheritdoc/>
    public override Tensor Norm(Ascent ascent)
    {
        var norm = Wrapped.Norm(ascent);
        foreach (var bucket in ascent.Buckets)
        {
            bucket.Direction = Array.ConvertAll(bucket.Direction, direction => direction.clone());
            ascent.Multiply(bucket.Direction, norm.Times(-Alpha / bucket.Radius).IncreaseBy(1));
        }
        return norm;
    }
}
