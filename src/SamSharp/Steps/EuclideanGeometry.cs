using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// SAM's ball: e = rho d / (|d| + floor), with one Euclidean norm over all perturbed parameters
/// (Foret, Kleiner, Mobahi, Neyshabur, "Sharpness-Aware Minimization for Efficiently Improving Generalization", 2021).
/// </summary>
/// <param name="NormFloor">Added to the norm; at least 0. Default 1e-12, as in davda54/sam.</param>
public sealed record EuclideanGeometry(double NormFloor = 1e-12) : IGeometry
{
    /// <summary>Added to the norm; at least 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or not finite.</exception>
    public double NormFloor { get; init => field = Check.NonNegative(value, nameof(NormFloor)); } = Check.NonNegative(NormFloor);

    /// <inheritdoc/>
    public Tensor Norm(Ascent ascent)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        return ascent.Norm();
    }

    /// <inheritdoc/>
    public void Perturb(Ascent ascent, Tensor norm)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        foreach (var bucket in ascent.Buckets) ascent.Perturb(bucket, norm, NormFloor);
    }
}
