using SamSharp.Steps;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp;

public static partial class Recipe
{
    /// <summary>Flat seeking for Bayesian networks (SA-BNN: Nguyen et al., "Flat Seeking Bayesian Neural Networks", 2023; the geometry of
    /// anh-ntv/OT_MDR): SAM over the means and deviations of Gaussian weights; see <see cref="VariationalGeometry"/>. Draw the same noise in both
    /// passes.</summary>
    /// <param name="pairs">The parameters of the weights' means and deviations, in pairs of the same shape.</param>
    /// <param name="rho">The radius. Default 0.05 (the official code).</param>
    /// <param name="deviation">Computes sigma from its parameter. Null (default): softplus. The published code takes the raw parameter.</param>
    /// <param name="perturbsDeviations">Whether deviations are perturbed too. Default true (the official code).</param>
    [Published("SA-BNN", "Nguyen et al. 2023", "1", "4")]
    public static SharpnessAwareOptions VariationalSam(IEnumerable<(Parameter Mean, Parameter Deviation)> pairs, double rho = 0.05,
        Func<Tensor, Tensor>? deviation = null, bool perturbsDeviations = true)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        return new() { Rho = rho, Geometry = new VariationalGeometry([.. pairs], deviation ?? Softplus, perturbsDeviations) };
    }

    /// <summary>log(1 + exp(x)), which does not overflow.</summary>
    [InDisposeScope]
    private static Tensor Softplus(Tensor x) => x.Clamped(min: 0).Plus(x.abs().neg().exp().log1p());
}

/// <summary>
/// A ball in the scale of a Gaussian posterior: e = rho T^2 d / (|T d| + floor), with T = |mu| / sigma for the mean and the parameter of the
/// deviation alike, and T = |w| for parameters of neither kind.
/// </summary>
/// <param name="Pairs">Means and parameters of deviations.</param>
/// <param name="Deviation">Computes sigma from its parameter.</param>
/// <param name="PerturbsDeviations">Whether deviations are perturbed too.</param>
internal sealed record VariationalGeometry((Parameter Mean, Parameter Deviation)[] Pairs, Func<Tensor, Tensor> Deviation, bool PerturbsDeviations)
    : IGeometry
{
    private const double Floor = 1e-12;

    private readonly Dictionary<IntPtr, (Parameter Mean, Parameter Deviation)> _pairOf = Index(Pairs);

    /// <inheritdoc/>
    public bool Perturbs(ParameterSlot parameter) =>
        PerturbsDeviations || !_pairOf.TryGetValue(parameter.Parameter.Handle, out var pair) || pair.Deviation.Handle != parameter.Parameter.Handle;

    /// <summary>Computed before anything has moved, since the weights of a pair may lie in different buckets.</summary>
    public Tensor Norm(Ascent ascent)
    {
        var scales = ascent.Buckets.ToDictionary(bucket => bucket, bucket => bucket.Parameters.Select(ScaleOf).ToArray());
        foreach (var bucket in ascent.Buckets) bucket.Direction = Product(bucket.Direction, scales[bucket]);
        var norm = ascent.Norm();
        foreach (var bucket in ascent.Buckets) bucket.Direction = Product(bucket.Direction, scales[bucket]);
        return norm;
    }

    /// <inheritdoc/>
    public void Perturb(Ascent ascent, Tensor norm)
    {
        foreach (var bucket in ascent.Buckets) ascent.Perturb(bucket, norm, Floor);
    }

    private Tensor ScaleOf(ParameterSlot slot) => _pairOf.TryGetValue(slot.Parameter.Handle, out var pair)
        ? pair.Mean.abs().div(ClosureResult.RequireLike(Deviation(pair.Deviation), pair.Mean, "the deviations"))
        : slot.Parameter.abs();

    private static Tensor[] Product(Tensor[] vectors, Tensor[] scales) => vectors.Zip(scales, (vector, scale) => vector.mul(scale)).ToArray();

    private static Dictionary<IntPtr, (Parameter Mean, Parameter Deviation)> Index((Parameter Mean, Parameter Deviation)[] pairs)
    {
        foreach (var (mean, deviation) in pairs)
        {
            if (mean is null || deviation is null) throw new ArgumentException("A mean or a deviation is null.", nameof(pairs));
            if (!mean.shape.SequenceEqual(deviation.shape))
                throw new ArgumentException($"A mean has shape [{string.Join(", ", mean.shape)}] and its deviation " +
                    $"[{string.Join(", ", deviation.shape)}]; both must be alike.", nameof(pairs));
        }
        var pairOf = new Dictionary<IntPtr, (Parameter Mean, Parameter Deviation)>();
        foreach (var pair in pairs)
        {
            if (!pairOf.TryAdd(pair.Mean.Handle, pair) || !pairOf.TryAdd(pair.Deviation.Handle, pair))
                throw new ArgumentException($"A parameter of shape [{string.Join(", ", pair.Mean.shape)}] is in the pairs twice.", nameof(pairs));
        }
        return pairOf;
    }
}
