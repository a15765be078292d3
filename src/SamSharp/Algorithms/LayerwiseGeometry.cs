using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// Every tensor in a ball of its own, as large as the tensor: e_l = rho (||w_l|| / ||d_l||) d_l
/// (Look-LayerSAM: Liu, Mai, Chen, Hsieh, You, "Towards Efficient and Scalable Sharpness-Aware Minimization", 2022). A tensor whose direction or weights are 0 stays.
/// The norm that is reported is that of all directions together.
/// </summary>
public sealed class LayerwiseGeometry : IGeometry
{
    /// <inheritdoc/>
    public Tensor Norm(Ascent ascent)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        var norm = ascent.GlobalNorm(list => ascent.Kernels.Norm(list.Direction));
        foreach (var list in ascent.Lists) list.Direction = list.Weights.Zip(list.Direction, (w, d) => d.mul(Ratio(w, d, list.Accumulator))).ToArray();
        return norm;
    }

    /// <inheritdoc/>
    public void Perturb(Ascent ascent, Tensor norm)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        foreach (var list in ascent.Lists) ascent.Kernels.Perturb(list.Weights, list.Results, list.Direction, Ascent.Reach(list, norm));
    }

    private static Tensor Ratio(Tensor weight, Tensor direction, ScalarType accumulator)
    {
        var ratio = linalg.vector_norm(weight.to_type(accumulator)) / linalg.vector_norm(direction.to_type(accumulator));
        return ratio.nan_to_num(0, 0, 0).to_type(direction.dtype);
    }
}
