using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

public static partial class Recipe
{
    /// <summary>SAM in the ball of the largest component (Foret et al. 2021 with p = infinity); see <see cref="MaximumGeometry"/>.</summary>
    /// <param name="rho">How far each weight moves. Default 0.05; no published default.</param>
    [Published("L-infinity", "Foret et al. 2021", "1", "2")]
    public static SharpnessAwareOptions MaximumSam(double rho = 0.05) => new() { Rho = rho, Geometry = new MaximumGeometry() };
}

/// <summary>
/// The ball of the largest component (L-infinity): e = rho T sign(d), with T = |w| + kappa for adaptive parameters and T = 1 for the others
/// (Foret et al. 2021 with p = infinity; with T as in mueller-mp/SAM-ON's p = infinity). The norm is the dual one, sum |T d|.
/// </summary>
/// <param name="Kappa">Added to |w| for adaptive parameters, at least 0. Default 0.01 (mueller-mp/SAM-ON's eta).</param>
/// <param name="Adapts">Which parameters are adaptive. Null (default): none.</param>
internal sealed record MaximumGeometry(double Kappa = 0.01, Func<ParameterSlot, bool>? Adapts = null) : IGeometry
{
    /// <summary>Added to |w| for adaptive parameters, at least 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or not finite.</exception>
    public double Kappa { get; init => field = Check.NonNegative(value, nameof(Kappa)); } = Check.NonNegative(Kappa);

    /// <inheritdoc/>
    public int Treatment(ParameterSlot parameter) => Adapts?.Invoke(parameter) == true ? 1 : 0;

    /// <inheritdoc/>
    public Tensor Norm(Ascent ascent)
    {
        var corners = ascent.Buckets.ToDictionary(bucket => bucket, bucket =>
            bucket.Direction.Zip(bucket.Weights, (d, w) => Corner(bucket, d, w)).ToArray());
        var norm = ascent.Sum(bucket => ascent.Dot(bucket.Direction, corners[bucket]));
        foreach (var bucket in ascent.Buckets) bucket.Direction = corners[bucket];
        return norm;
    }

    /// <inheritdoc/>
    public void Perturb(Ascent ascent, Tensor norm)
    {
        foreach (var bucket in ascent.Buckets) ascent.PerturbUnnormalized(bucket, norm);
    }

    private Tensor Corner(ParameterBucket bucket, Tensor direction, Tensor weight)
    {
        var sign = direction.sign();
        return bucket.Treatment == 0 ? sign : sign.mul_(weight.abs().IncreaseBy(Kappa));
    }
}
