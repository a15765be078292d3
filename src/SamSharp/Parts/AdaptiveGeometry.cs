using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// ASAM's ball, measured in the weights' own scale, so that rescaling neurons does not change it: with T = diag(|w| + kappa) for adaptive
/// parameters and T = I for the others, e = rho T^2 d / (||T d|| + floor)
/// (Kwon, Kim, Park, Choi, "ASAM: Adaptive Sharpness-Aware Minimization for Scale-Invariant Learning of Deep Neural Networks", 2021).
/// </summary>
/// <remarks>
/// Definitions in use differ: davda54/sam has kappa 0 and adapts every parameter, SamsungLabs/ASAM (the authors) has kappa 0.01 and adapts
/// those with "weight" in their names, and big_vision's GSAM scales by |w| once, see <see cref="WeightScaledGeometry"/>. Radii are larger than SAM's: 0.5 in the authors' code, up to 2 in davda54's example.
/// </remarks>
public sealed class AdaptiveGeometry : IGeometry
{
    private const int Plain = 0;
    private const int Adapted = 1;
    private readonly Func<ParameterSlot, bool> _adapts;
    private readonly double _kappa;
    private readonly double _normFloor;

    /// <summary>A geometry with the given kappa.</summary>
    /// <param name="kappa">Added to |w|, so that weights of 0 are perturbed too. Default 0.01 (SamsungLabs/ASAM, where it is called eta).</param>
    /// <param name="adapts">Which parameters are adaptive. Default: all. <see cref="NamedWeights"/> is the authors' choice.</param>
    /// <param name="normFloor">Added to the norm. Default 1e-12.</param>
    /// <exception cref="ArgumentOutOfRangeException">kappa or normFloor is negative or not finite.</exception>
    public AdaptiveGeometry(double kappa = 0.01, Func<ParameterSlot, bool>? adapts = null, double normFloor = 1e-12)
    {
        _kappa = Check.NonNegative(kappa);
        _normFloor = Check.NonNegative(normFloor);
        _adapts = adapts ?? (_ => true);
    }

    /// <summary>The parameters whose name contains "weight", as SamsungLabs/ASAM chooses them.</summary>
    /// <exception cref="InvalidOperationException">The optimizer was not told its parameters' names.</exception>
    public static bool NamedWeights(ParameterSlot slot)
    {
        ArgumentNullException.ThrowIfNull(slot);
        return slot.RequireName("whether it is a weight").Contains("weight", StringComparison.Ordinal);
    }

    /// <inheritdoc/>
    public int Treatment(ParameterSlot slot) => _adapts(slot) ? Adapted : Plain;

    /// <inheritdoc/>
    public Tensor Norm(Ascent ascent)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        return ascent.GlobalNorm(list => list.Treatment == Adapted
            ? ascent.Kernels.AdaptiveNorm(list.Weights, list.Direction, _kappa)
            : ascent.Kernels.Norm(list.Direction));
    }

    /// <inheritdoc/>
    public void Perturb(Ascent ascent, Tensor norm)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        foreach (var list in ascent.Lists)
        {
            var scale = ascent.Scale(list, norm, _normFloor);
            if (list.Treatment == Adapted)
                ascent.Kernels.PerturbAdaptive(list.Weights, list.Results, list.Direction, scale, _kappa);
            else
                ascent.Kernels.Perturb(list.Weights, list.Results, list.Direction, scale);
        }
    }
}
