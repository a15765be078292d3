using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// The ball of the largest component (L-infinity): e = rho T sign(d), with T = |w| + kappa for adaptive parameters and T = 1 for the others
/// (Foret et al. 2021 with p = infinity; with T as mueller-mp/SAM-ON's p = infinity). The norm is the dual one, sum |T d|.
/// </summary>
/// <param name="kappa">Added to |w| for adaptive parameters. Default 0.01 (mueller-mp/SAM-ON's eta).</param>
/// <param name="adapts">Which parameters are adaptive. Default: none.</param>
public sealed class MaximumGeometry(double kappa = 0.01, Func<ParameterSlot, bool>? adapts = null) : IGeometry
{
    private readonly double _kappa = Check.NonNegative(kappa);

    /// <inheritdoc/>
    public int Treatment(ParameterSlot slot) => adapts?.Invoke(slot) == true ? 1 : 0;

    /// <inheritdoc/>
    public Tensor Norm(Ascent ascent)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        var signs = ascent.Lists.ToDictionary(list => list, list => list.Direction.Zip(list.Weights, (d, w) => Corner(list, d, w)).ToArray());
        var norm = ascent.Sum(list => ascent.Kernels.Dot(list.Direction, signs[list]));
        foreach (var list in ascent.Lists) list.Direction = signs[list];
        return norm;
    }

    /// <inheritdoc/>
    public void Perturb(Ascent ascent, Tensor norm)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        foreach (var list in ascent.Lists) ascent.Kernels.Perturb(list.Weights, list.Results, list.Direction, Ascent.Reach(list, norm));
    }

    private Tensor Corner(TensorList list, Tensor direction, Tensor weight)
    {
        var sign = direction.sign();
        return list.Treatment == 0 ? sign : sign.mul_(weight.abs().add_(_kappa));
    }
}
