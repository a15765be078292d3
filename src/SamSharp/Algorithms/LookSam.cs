using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

public static partial class Recipe
{
    /// <summary>LookSAM (Liu et al. 2022), sharpness-aware in steps 1, k + 1, 2 k + 1, ...; see <see cref="RememberedSharpness"/>.</summary>
    /// <param name="k">The interval. Default 5 (MarlonBecker/MSAM, PhysicsNeMo; rollovd and kozistr use 10).</param>
    /// <param name="rho">The radius. Default 0.05 (PhysicsNeMo; rollovd and kozistr 0.05 to 0.1).</param>
    /// <param name="alpha">How much of the remembered component is reused. Default 0.7 (rollovd, kozistr, PhysicsNeMo).</param>
    [Published("LookSAM", "Liu et al. 2022", "1/k", "3, for a moment more where v is 0")]
    public static SharpnessAwareOptions LookSam(int k = 5, double rho = 0.05, double alpha = 0.7) =>
        new() { Rho = rho, Schedule = RadiusSchedule.Every(k, first: 1), Combiner = new RememberedSharpness(alpha) };

    /// <summary>Look-LayerSAM (Liu et al. 2022): LookSAM with a separate ball for each tensor; see <see cref="LayerwiseGeometry"/>.</summary>
    /// <param name="k">The interval. Default 5, as in <see cref="LookSam"/>.</param>
    /// <param name="rho">The radius as a share of each tensor's norm. Default 0.05; no official code.</param>
    /// <param name="alpha">How much of the remembered component is reused. Default 0.7.</param>
    [Published("Look-LayerSAM", "Liu et al. 2022", "1/k", "3, for a moment more where v is 0")]
    public static SharpnessAwareOptions LookLayerSam(int k = 5, double rho = 0.05, double alpha = 0.7) =>
        LookSam(k, rho, alpha) with { Geometry = new LayerwiseGeometry() };

    /// <summary>SAM with a separate ball for each tensor (Liu et al. 2022); see <see cref="LayerwiseGeometry"/>.</summary>
    /// <param name="rho">The radius as a share of each tensor's norm. Default 0.05; no official code.</param>
    [Published("Layer-wise", "Liu et al. 2022", "1", "2")]
    public static SharpnessAwareOptions LayerwiseSam(double rho = 0.05) => new() { Rho = rho, Geometry = new LayerwiseGeometry() };
}

/// <summary>
/// A separate ball for each tensor, proportional to its norm: e_l = rho (|w_l| / |d_l|) d_l
/// (Look-LayerSAM: Liu, Mai, Chen, Hsieh, You, "Towards Efficient and Scalable Sharpness-Aware Minimization", 2022). A tensor whose direction
/// or weights are 0 stays. The reported norm is the norm of all directions together.
/// </summary>
internal sealed record LayerwiseGeometry : IGeometry
{
    /// <inheritdoc/>
    public Tensor Norm(Ascent ascent)
    {
        var norm = ascent.Norm();
        foreach (var bucket in ascent.Buckets)
        {
            bucket.Direction = bucket.Weights.Zip(bucket.Direction, (w, d) =>
                d.to(bucket.Accumulator).mul(Ratio(ascent.Norm([w]), ascent.Norm([d])))).ToArray();
        }
        return norm;
    }

    /// <inheritdoc/>
    public void Perturb(Ascent ascent, Tensor norm)
    {
        foreach (var bucket in ascent.Buckets) ascent.PerturbUnnormalized(bucket, norm);
    }

    /// <summary>A number, in float32 at least: half precision would round it, and often has no number as large.</summary>
    private static Tensor Ratio(Tensor weight, Tensor direction) => weight.div(direction).nan_to_num(0, 0, 0);
}
