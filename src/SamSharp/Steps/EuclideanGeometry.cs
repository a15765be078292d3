using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// SAM's own ball: e = rho d / (||d|| + floor), with one Euclidean norm over all perturbed parameters
/// (Foret, Kleiner, Mobahi, Neyshabur, "Sharpness-Aware Minimization for Efficiently Improving Generalization", 2021).
/// </summary>
/// <param name="normFloor">Added to the norm. Default 1e-12, as davda54/sam.</param>
public sealed class EuclideanGeometry(double normFloor = 1e-12) : IGeometry
{
    private readonly double _normFloor = Check.NonNegative(normFloor);

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
        foreach (var list in ascent.Lists)
            ascent.Kernels.Perturb(list.Weights, list.Results, list.Direction, ascent.Scale(list, norm, _normFloor));
    }
}
