using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// No normalization: e = rho d. With the gradient as direction this is unnormalized SAM (Andriushchenko and Flammarion, "Towards Understanding
/// Sharpness-Aware Minimization", 2022), whose radius scales with the gradient and so with the loss; with noise, rho is the scale of the noise.
/// </summary>
public sealed record RawGeometry : IGeometry
{
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
        foreach (var bucket in ascent.Buckets) ascent.PerturbUnnormalized(bucket, norm);
    }
}
