using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// GraphSAM's ball: ASAM's e = rho w^2 d / ||w d|| with one norm over all parameters, then the part of each tensor cut to at most rho (Wang et al., GraphSAM, 2024;
/// YL-wang/GraphSAM).
/// </summary>
/// <remarks>The norm is that of the direction that is followed. The authors' code has that of the gradient which the last pass left, the same in a step that refreshes the
/// direction.</remarks>
/// <param name="normFloor">Added to the norm. Default 1e-12, as the official code.</param>
public sealed class TensorClippedGeometry(double normFloor = 1e-12) : IGeometry
{
    private readonly double _normFloor = Check.NonNegative(normFloor);

    /// <inheritdoc/>
    public Tensor Norm(Ascent ascent)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        return ascent.GlobalNorm(list => ascent.Kernels.AdaptiveNorm(list.Weights, list.Direction, 0));
    }

    /// <inheritdoc/>
    public void Perturb(Ascent ascent, Tensor norm)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        foreach (var list in ascent.Lists)
        {
            var scale = ascent.Scale(list, norm, _normFloor);
            var limit = Math.Abs(list.Radius);
            var parts = list.Weights.Select((weight, i) => Cut(weight.square().mul_(list.Direction[i]).mul_(scale), limit)).ToArray();
            ascent.Kernels.Perturb(list.Weights, list.Results, parts, Pass.Factor(list, 1));
        }
    }

    private static Tensor Cut(Tensor part, double limit) => part.mul_((limit / (linalg.vector_norm(part) + 1e-30)).clamp(max: 1));
}
