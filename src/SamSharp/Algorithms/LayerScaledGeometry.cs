using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// One ball, each tensor measured by its own norm: with T_l = ||w_l|| (1 + eta) for scaled parameters and T_l = 1 for the others, e = rho T^2 d / (||T d|| + floor), the layer-wise option of mueller-mp/SAM-ON.
/// Its code multiplies by 1 + eta, where one would expect ||w_l|| + eta; the code is followed here.
/// </summary>
/// <param name="eta">See the formula. Default 0.01 (the class's default).</param>
/// <param name="scales">Which parameters are scaled. Default: all; the code scales those with "weight" in their names, <see cref="AdaptiveGeometry.NamedWeights"/>.</param>
/// <param name="normFloor">Added to the norm. Default 1e-16 (the same code).</param>
public sealed class LayerScaledGeometry(double eta = 0.01, Func<ParameterSlot, bool>? scales = null, double normFloor = 1e-16) : IGeometry
{
    private readonly double _eta = Check.NonNegative(eta);
    private readonly double _normFloor = Check.NonNegative(normFloor);

    /// <inheritdoc/>
    public int Treatment(ParameterSlot slot) => scales?.Invoke(slot) == false ? 0 : 1;

    /// <inheritdoc/>
    public Tensor Norm(Ascent ascent)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        foreach (var list in ascent.Lists) list.Direction = Scaled(list);
        var norm = ascent.GlobalNorm(list => ascent.Kernels.Norm(list.Direction));
        foreach (var list in ascent.Lists) list.Direction = Scaled(list);
        return norm;
    }

    /// <inheritdoc/>
    public void Perturb(Ascent ascent, Tensor norm)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        foreach (var list in ascent.Lists) ascent.Kernels.Perturb(list.Weights, list.Results, list.Direction, ascent.Scale(list, norm, _normFloor));
    }

    private Tensor[] Scaled(TensorList list) => list.Treatment == 0 ? list.Direction
        : list.Direction.Zip(list.Weights, (vector, weight) => vector.mul(linalg.vector_norm(weight).mul_(1 + _eta))).ToArray();
}
