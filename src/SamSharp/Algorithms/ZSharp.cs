using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

public static partial class Recipe
{
    /// <summary>ZSharp (Yun, "Sharpness-Aware Minimization with Z-Score Gradient Filtering", 2025); see <see cref="FilteredGeometry"/>.</summary>
    /// <param name="rho">The radius of each matrix, and of the rest together. Default 0.05 (the authors' script).</param>
    /// <param name="quantile">The share of a matrix's gradient that is left out. Default 0.95 (the same).</param>
    [Published("ZSharp", "Yun 2025", "1", "4")]
    public static SharpnessAwareOptions ZSharp(double rho = 0.05, double quantile = 0.95) =>
        new() { Rho = rho, Geometry = new FilteredGeometry(quantile) };
}

/// <summary>
/// ZSharp's perturbation: each tensor of two or more dimensions climbs, at length rho, along the entries of its gradient whose z-score (g - mean) /
/// std is larger in magnitude than a quantile; if none is, and for all other tensors, e = rho d / |d| with one norm over everything
/// (YUNBLAK/Sharpness-Aware-Minimization-with-Z-Score-Gradient-Filtering). The radius is that of each tensor, so that |e| grows with their number.
/// </summary>
/// <param name="Quantile">The share that is left out, from 0 to 1.</param>
internal sealed record FilteredGeometry(double Quantile) : IGeometry
{
    private const double Floor = 1e-12;

    /// <summary>The share that is left out, from 0 to 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of range.</exception>
    public double Quantile { get; init => field = Check.Fraction(value, "quantile"); } = Check.Fraction(Quantile, "quantile");

    /// <inheritdoc/>
    public Tensor Norm(Ascent ascent) => ascent.Norm();

    /// <inheritdoc/>
    public void Perturb(Ascent ascent, Tensor norm)
    {
        foreach (var bucket in ascent.Buckets)
        {
            var whole = ascent.Inverse(norm, Floor).to(bucket.Accumulator, bucket.Device);
            ascent.PerturbBy(bucket, Array.ConvertAll(bucket.Direction, gradient => UnitOf(gradient, bucket.Accumulator, whole)), bucket.Radius);
        }
    }

    private Tensor UnitOf(Tensor gradient, ScalarType wide, Tensor whole)
    {
        var plain = gradient.mul(whole.to(gradient.dtype));
        if (gradient.dim() < 2 || gradient.numel() < 2) return plain;
        var values = gradient.to(wide);
        var scores = (values - values.mean()).div_(values.std().Plus(Floor)).abs_();
        var kept = values.mul(scores.gt(QuantileOf(scores.reshape(-1))));
        var length = kept.EuclideanNorm();
        return where(length.IsGreaterThan(0), kept.div_(length.Plus(Floor)), plain.to(wide)).to(gradient.dtype);
    }

    /// <summary>Between two neighbors it is interpolated linearly. libtorch's own quantile refuses tensors of more than 16 million
    /// elements.</summary>
    private Tensor QuantileOf(Tensor values)
    {
        var place = Quantile * (values.shape[0] - 1);
        var below = (long)Math.Floor(place);
        var lower = values.kthvalue(below + 1, 0).values;
        return below + 1 < values.shape[0] ? lower.lerp(values.kthvalue(below + 2, 0).values, lower.FullLike(place - below)) : lower;
    }
}
