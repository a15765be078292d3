using SamSharp.Steps;
using static TorchSharp.torch;
using static TorchSharp.torch.optim;

namespace SamSharp;

public static partial class Recipe
{
    /// <summary>SA-SAM (Naganuma, Hataya, Mitliagkas, "Smoothness-Adaptive Sharpness-Aware Minimization for Finding Flatter Minima", 2024), which
    /// needs neither a radius nor a learning rate; see <see cref="SmoothnessAdaptive"/>. Use SGD with a learning rate of 1, no momentum and no
    /// weight decay: other rates multiply the step.</summary>
    /// <param name="rate">The step size of the first step. Default 0.05 (Hiroki11x/smoothness_aware_sam's README; its class has 0.2).</param>
    /// <param name="weightDecay">An L2 penalty, which the step size multiplies too. Default 0.</param>
    /// <param name="asInCode">Whether to follow the published code, which grows by sqrt(1 + 0.02 theta), leaves out the 2 of the bound, takes the
    /// radius from the step size of the step before, and adds 1e-8 to it. Default false: the paper.</param>
    /// <param name="amplifier">The factor on theta. Null (default): 1 as in the paper, or 0.02 as in the code.</param>
    /// <param name="damping">The factor on the difference of gradients. Null (default): 2 as in the paper, or 1 as in the code.</param>
    /// <remarks>For the radius alone, with any other recipe, there is <see cref="RadiusSchedule.SquareRootOfLearningRate"/>.</remarks>
    [Published("SA-SAM", "Naganuma et al. 2024", "2", "5")]
    public static SharpnessAwareOptions SmoothnessAdaptiveSam(double rate = 0.05, double weightDecay = 0, bool asInCode = false,
        double? amplifier = null, double? damping = null)
    {
        var part = new SmoothnessAdaptive(rate, amplifier ?? (asInCode ? 0.02 : 1), damping ?? (asInCode ? 1 : 2), weightDecay, asInCode);
        return new() { Rho = 1, Geometry = part, Combiner = part };
    }
}

/// <summary>
/// SA-SAM's step size and gradient: rate := min(|w - w'| / (damping |g - g'|), sqrt(1 + amplifier theta) rate), where w' are the weights of the step
/// before and g' their gradient on this batch, and theta is the factor by which the rate changed last; then rate g+, with an ascent of length
/// sqrt(rate).
/// </summary>
/// <remarks>The step's own second pass is the one at w'; its further pass is the one at w + e, whose loss the report has. Two norms are read from the
/// device in each step. w', the rate and theta are saved in checkpoints.</remarks>
/// <param name="Start">The first rate, above 0.</param>
/// <param name="Amplifier">The factor on theta, at least 0.</param>
/// <param name="Damping">The factor on the difference of gradients, above 0.</param>
/// <param name="WeightDecay">An L2 penalty, at least 0.</param>
/// <param name="AsInCode">Whether the radius is that of the rate before, and the first rate is changed too.</param>
internal sealed record SmoothnessAdaptive(double Start, double Amplifier, double Damping, double WeightDecay, bool AsInCode) : IGeometry, ICombiner
{
    private const string Before = "before", Rate = "rate", Theta = "theta", Distance = "distance";

    /// <summary>The first rate, above 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not a finite number above 0.</exception>
    public double Start { get; init => field = Check.Positive(value, "rate"); } = Check.Positive(Start, "rate");

    /// <summary>The factor on theta, at least 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or not finite.</exception>
    public double Amplifier { get; init => field = Check.NonNegative(value, "amplifier"); } = Check.NonNegative(Amplifier, "amplifier");

    /// <summary>The factor on the difference of gradients, above 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not a finite number above 0.</exception>
    public double Damping { get; init => field = Check.Positive(value, "damping"); } = Check.Positive(Damping, "damping");

    /// <summary>An L2 penalty, at least 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or not finite.</exception>
    public double WeightDecay { get; init => field = Check.NonNegative(value, "weightDecay"); } = Check.NonNegative(WeightDecay, "weightDecay");

    /// <summary>Added to the norm and to the rate, at least 0: 1e-8 in the code.</summary>
    internal double Epsilon { get; init; } = AsInCode ? 1e-8 : 0;

    /// <summary>Theta before the first change: 1 in the code. The paper's is infinite, so that the bound alone decides.</summary>
    internal double FirstTheta { get; init; } = AsInCode ? 1 : double.PositiveInfinity;

    /// <inheritdoc/>
    public bool Remembers => true;

    /// <inheritdoc/>
    public bool NeedsAscentGradients => true;

    /// <inheritdoc/>
    public bool NeedsFurtherPasses => true;

    /// <inheritdoc/>
    public string? Objection(SharpnessAwareOptions options, Optimizer baseOptimizer) =>
        !Equals(options.Geometry, this) || !Equals(options.Combiner, this)
            ? "SA-SAM is geometry and combiner at once: set both to the same one, as Recipe.SmoothnessAdaptiveSam does."
            : History.Objection(options.Direction, options);

    /// <inheritdoc/>
    public Tensor Norm(Ascent ascent) => ascent.Norm();

    /// <summary>Writes the weights of the step before, and remembers those of this.</summary>
    public void Perturb(Ascent ascent, Tensor norm)
    {
        var memory = ascent.MemoryOf(this);
        var before = ascent.Buckets.ToDictionary(bucket => bucket, bucket =>
            bucket.Parameters.Select((slot, i) => memory.Find(Before, slot) ?? bucket.Weights[i].clone()).ToArray());
        memory.Set(Distance, ascent.GlobalNorm(bucket => ascent.Norm(Difference(bucket.Weights, before[bucket]))).Value());
        foreach (var bucket in ascent.Buckets)
        {
            ascent.Copy(memory.Change(Before, bucket.Parameters, slot => slot.Parameter.detach().clone()), bucket.Weights);
            ascent.Copy(bucket.Results, before[bucket]);
        }
    }

    /// <inheritdoc/>
    public void Combine(Descent descent)
    {
        var earlier = RateOf(descent);
        var rate = Renew(descent, descent.GlobalNorm(descent.Pairs, pair => descent.Norm(Difference(pair.AtWeights, pair.AtPerturbed))).Value());
        var gradients = descent.Pairs.SelectMany(pair => pair.Parameters.Zip(pair.AtWeights)).ToDictionary();
        var radius = Math.Sqrt(AsInCode ? earlier : rate);
        using var point = descent.AtEndOf(new Leg(gradients.GetValueOrDefault, radius, new EuclideanGeometry(Epsilon)));
        (descent.Services.Report.PerturbedLossTensor, descent.Services.Report.Radius) = (point.Loss, radius);
        foreach (var pair in descent.Pairs)
        {
            descent.Copy(pair.AtPerturbed, point.Of(pair));
            Scale(descent, pair, pair.AtPerturbed, rate);
        }
    }

    /// <inheritdoc/>
    public void Plain(Descent descent)
    {
        foreach (var bucket in descent.Buckets) Scale(descent, bucket, bucket.AtWeights, RateOf(descent));
    }

    private double RateOf(Descent descent) => descent.MemoryOf(this).Number(Rate) is var rate && rate > 0 ? rate : Start;

    private double Renew(Descent descent, double change)
    {
        var memory = descent.MemoryOf(this);
        var isFirst = memory.Number(Rate) == 0;
        var (before, distance) = (RateOf(descent), memory.Number(Distance));
        var theta = memory.Number(Theta) is var known && known > 0 ? known : FirstTheta;
        var grown = isFirst && !AsInCode ? before : before * Math.Sqrt(1 + (Amplifier * theta));
        var bound = distance > 0 && change > 0 ? distance / (Damping * change) : double.PositiveInfinity;
        var rate = double.IsFinite(bound) ? Math.Min(grown, bound) + Epsilon : double.IsFinite(grown) ? grown : before;
        if (!isFirst || AsInCode) memory.Set(Theta, rate / before);
        memory.Set(Rate, rate);
        return rate;
    }

    private void Scale(Descent descent, ParameterBucket bucket, Tensor[] gradients, double rate)
    {
        if (WeightDecay > 0) descent.Accumulate(gradients, bucket.Weights, WeightDecay);
        descent.Multiply(gradients, tensor(rate, ScalarType.Float64));
    }

    private static Tensor[] Difference(Tensor[] left, Tensor[] right) => left.Zip(right, (a, b) => a.sub(b)).ToArray();
}
