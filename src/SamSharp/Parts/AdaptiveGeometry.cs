using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// ASAM's ball, measured in the scale of the weights, so that rescaling neurons does not change it: with T = diag(|w| + kappa) for adaptive
/// parameters and T = I for the others, e = rho T^2 d / (|T d| + floor)
/// (Kwon, Kim, Park, Choi, "ASAM: Adaptive Sharpness-Aware Minimization for Scale-Invariant Learning of Deep Neural Networks", 2021).
/// </summary>
/// <remarks>
/// Definitions in use differ: davda54/sam uses kappa 0 and adapts every parameter; SamsungLabs/ASAM (the authors) uses kappa 0.01 and adapts the
/// parameters with "weight" in their names; big_vision's GSAM scales by |w| once; see <see cref="WeightScaledGeometry"/>. Radii are larger than
/// SAM's: 0.5 in the authors' code, up to 2 in davda54's example.
/// </remarks>
/// <param name="Kappa">Added to |w|, so that weights of 0 are perturbed too; at least 0. Default 0.01
/// (SamsungLabs/ASAM, where it is called eta).</param>
/// <param name="Adapts">Which parameters are adaptive. Null (default): all. <see cref="NamedWeights"/> is the authors' choice.</param>
/// <param name="NormFloor">Added to the norm; at least 0. Default 1e-12.</param>
public sealed record AdaptiveGeometry(double Kappa = 0.01, Func<ParameterSlot, bool>? Adapts = null, double NormFloor = 1e-12) : IGeometry
{
    private const int Adapted = 1;

    /// <summary>Added to |w|; at least 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or not finite.</exception>
    public double Kappa { get; init => field = Check.NonNegative(value, nameof(Kappa)); } = Check.NonNegative(Kappa);

    /// <summary>Added to the norm; at least 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or not finite.</exception>
    public double NormFloor { get; init => field = Check.NonNegative(value, nameof(NormFloor)); } = Check.NonNegative(NormFloor);

    /// <summary>Selects the parameters whose name contains "weight", as SamsungLabs/ASAM does.</summary>
    /// <exception cref="InvalidOperationException">The optimizer does not know its parameters' names.</exception>
    public static bool NamedWeights(ParameterSlot parameter)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        return parameter.RequireName("whether it is a weight").Contains("weight", StringComparison.Ordinal);
    }

    /// <inheritdoc/>
    public int Treatment(ParameterSlot parameter) => Adapts?.Invoke(parameter) == false ? 0 : Adapted;

    /// <inheritdoc/>
    public Tensor Norm(Ascent ascent)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        return ascent.GlobalNorm(bucket => bucket.Treatment == Adapted
        ? ascent.AdaptiveNorm(bucket.Weights, bucket.Direction, Kappa)
        : ascent.Norm(bucket.Direction));
    }

    /// <inheritdoc/>
    public void Perturb(Ascent ascent, Tensor norm)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        foreach (var bucket in ascent.Buckets)
        {
            if (bucket.Treatment == Adapted) ascent.PerturbAdaptive(bucket, norm, NormFloor, Kappa);
            else ascent.Perturb(bucket, norm, NormFloor);
        }
    }
}
