using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

public static partial class Recipe
{
    /// <summary>Fisher SAM (Kim, Li, Hu, Hospedales 2022); see <see cref="FisherGeometry"/>.</summary>
    /// <param name="gamma">The radius. Default 0.1 (third-party ports).</param>
    /// <param name="lambda">The weight of the Fisher information. Default 1 (the same).</param>
    [Published("Fisher SAM", "Kim et al. 2022", "1", "3")]
    public static SharpnessAwareOptions FisherSam(double gamma = 0.1, double lambda = 1) =>
        new() { Rho = gamma, Geometry = new FisherGeometry(lambda) };
}

/// <summary>
/// The ellipsoid of the Fisher information: e = gamma F^-1 d / sqrt(d' F^-1 d), with a diagonal F = 1 + lambda d^2 from the mini-batch gradient
/// (Kim, Li, Hu, Hospedales, "Fisher SAM: Information Geometry and Sharpness Aware Minimisation", 2022; no official code was found, F follows
/// third-party ports). The radius is gamma: e' F e = gamma^2.
/// </summary>
/// <param name="Lambda">The weight of the Fisher information, at least 0. Default 1 (the ports, not verified against the paper). 0 is SAM.</param>
/// <param name="NormFloor">Added to the norm, at least 0. Default 1e-12.</param>
internal sealed record FisherGeometry(double Lambda = 1, double NormFloor = 1e-12) : IGeometry
{
    /// <summary>The weight of the Fisher information, at least 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or not finite.</exception>
    public double Lambda { get; init => field = Check.NonNegative(value, nameof(Lambda)); } = Check.NonNegative(Lambda);

    /// <summary>Added to the norm, at least 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or not finite.</exception>
    public double NormFloor { get; init => field = Check.NonNegative(value, nameof(NormFloor)); } = Check.NonNegative(NormFloor);

    /// <inheritdoc/>
    public Tensor Norm(Ascent ascent)
    {
        var natural = ascent.Buckets.ToDictionary(bucket => bucket, bucket =>
            Array.ConvertAll(bucket.Widened(bucket.Direction), d => d.div(d.Squared().MultiplyBy(Lambda).IncreaseBy(1))));
        var norm = ascent.Sum(bucket => ascent.Dot(bucket.Direction, natural[bucket])).sqrt();
        foreach (var bucket in ascent.Buckets) bucket.Direction = natural[bucket];
        return norm;
    }

    /// <inheritdoc/>
    public void Perturb(Ascent ascent, Tensor norm)
    {
        foreach (var bucket in ascent.Buckets) ascent.Perturb(bucket, norm, NormFloor);
    }
}
