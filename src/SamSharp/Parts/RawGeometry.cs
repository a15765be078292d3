using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// No normalization: e = rho d. With the gradient it is unnormalized SAM (Andriushchenko and Flammarion, "Towards Understanding Sharpness-Aware Minimization", 2022), whose radius
/// scales with the gradient and so with the loss; with noise, the radius is the noise's scale.
/// </summary>
public sealed record RawGeometry : IGeometry
{
    /// <inheritdoc/>
    public Tensor Norm(Ascent ascent) => ascent.Norm();

    /// <inheritdoc/>
    public void Perturb(Ascent ascent, Tensor norm)
    {
        foreach (var bucket in ascent.Buckets) ascent.PerturbUnnormalized(bucket, norm);
    }
}
