using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>Between unnormalized and normalized SAM: e = rho (1 - lambda + lambda / |d|) d (Oikonomou, Loizou, "Sharpness-Aware Minimization: General
/// Analysis and Improved Rates", 2025).</summary>
/// <param name="Lambda">From 0, unnormalized, to 1, SAM.</param>
internal sealed record MixedNormGeometry(double Lambda) : IGeometry
{
    private const double Floor = 1e-12;

    /// <summary>From 0, unnormalized, to 1, SAM.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of range.</exception>
    public double Lambda { get; init => field = Check.Fraction(value, "lambda"); } = Check.Fraction(Lambda, "lambda");

    /// <summary>1 - lambda + lambda / |d|, or 0 where the norm is 0 or not finite.</summary>
    public static Tensor Factor(StepPhase phase, Tensor norm, double lambda)
    {
        var inverse = phase.Inverse(norm, Floor);
        return inverse.Times(lambda).Plus(1 - lambda).mul(inverse.IsGreaterThan(0));
    }

    /// <inheritdoc/>
    public Tensor Norm(Ascent ascent) => ascent.Norm();

    /// <inheritdoc/>
    public void Perturb(Ascent ascent, Tensor norm)
    {
        var factor = Factor(ascent, norm, Lambda);
        foreach (var bucket in ascent.Buckets)
        {
            var scaled = Array.ConvertAll(bucket.Direction, direction => direction.clone());
            ascent.Multiply(scaled, factor);
            ascent.PerturbBy(bucket, scaled, bucket.Radius);
        }
    }
}
