using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// No normalisation: e = rho d. With the gradient it is unnormalised SAM (Andriushchenko and Flammarion, "Towards Understanding Sharpness-Aware Minimization", 2022), whose radius
/// scales with the gradient and so with the loss; with noise, the radius is the noise's own scale.
/// </summary>
public sealed class RawGeometry : IGeometry
{
    /// <inheritdoc/>
    public Tensor Norm(Ascent ascent)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        return ascent.GlobalNorm(list => ascent.Kernels.Norm(list.Direction));
    }

    /// <inheritdoc/>
    public void Perturb(Ascent ascent, Tensor norm)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        foreach (var list in ascent.Lists) ascent.Kernels.Perturb(list.Weights, list.Results, list.Direction, Ascent.Reach(list, norm));
    }
}
