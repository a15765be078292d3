using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

public static partial class OptimizerExtensions
{
    /// <summary>
    /// Makes one step of OT-MDR: an ascent on one half of the batch, from there another on the other half, then the descent on the whole batch
    /// (Nguyen et al., "Optimal Transport Model Distributional Robustness", 2023; anh-ntv/OT_MDR).
    /// </summary>
    /// <param name="optimizer">The optimizer; its rho is the first radius. The authors' code uses 0.05
    /// for both radii, its README 0.1 and 0.2.</param>
    /// <param name="closure">The loss of the whole batch.</param>
    /// <param name="firstHalf">The loss of the first half.</param>
    /// <param name="secondHalf">The loss of the second half.</param>
    /// <param name="ratio">The second radius as a multiple of the first; at least 0, and 0 skips the second ascent. Default 1.</param>
    /// <returns>The loss of the first half at w, as its closure returned it.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The ratio is negative or not finite.</exception>
    /// <exception cref="InvalidOperationException">As for <see cref="SharpnessAwareOptimizer.Step(Func{Tensor}, Func{Tensor}?)"/>.</exception>
    public static Tensor ChainedStep(this SharpnessAwareOptimizer optimizer, Func<Tensor> closure, Func<Tensor> firstHalf, Func<Tensor> secondHalf,
        double ratio = 1) => optimizer.ChainedStep(closure, [(firstHalf, secondHalf)], new OtMdr { Ratio = Check.NonNegative(ratio) });

    /// <summary>
    /// Makes one step of OT-MDR with its options, over one or more branches: each cuts the batch into halves of its own, and climbs both from w.
    /// The base optimizer gets the sum, or the mean, of the whole batch's gradients at the ends of the branches.
    /// </summary>
    /// <param name="optimizer">The optimizer; its rho is the first radius. With several branches its recipe must neither remember anything nor act
    /// after the step.</param>
    /// <param name="closure">The loss of the whole batch.</param>
    /// <param name="branches">The losses of both halves for each branch; at least one branch.</param>
    /// <param name="rule">Its options.</param>
    /// <returns>The mean over branches of the loss of the first half at w; the closure's own tensor if there is one branch.</returns>
    /// <exception cref="ArgumentException">There is no branch.</exception>
    /// <exception cref="InvalidOperationException">As for <see cref="SharpnessAwareOptimizer.Step(Func{Tensor}, Func{Tensor}?)"/>; or a combiner
    /// that returns to multiples of e meets merged directions or noise, which make it another e.</exception>
    public static Tensor ChainedStep(this SharpnessAwareOptimizer optimizer, Func<Tensor> closure,
        IReadOnlyList<(Func<Tensor> FirstHalf, Func<Tensor> SecondHalf)> branches, OtMdr rule)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        ArgumentNullException.ThrowIfNull(closure);
        ArgumentNullException.ThrowIfNull(branches);
        ArgumentNullException.ThrowIfNull(rule);
        if (branches.Count == 0) throw new ArgumentException("There is no branch to climb.", nameof(branches));
        if (branches.Any(branch => branch.FirstHalf is null || (branch.SecondHalf is null && rule.Ratio > 0)))
            throw new ArgumentException("A branch lacks the loss of a half.", nameof(branches));
        if (rule.ChangesAscents && optimizer.Options.Combiner.NeedsFurtherPasses)
            throw new InvalidOperationException($"{optimizer.Options.Combiner.GetType().Name} evaluates the loss at multiples of e, which merged " +
                "directions and noise make another one. Use a combiner that does not.");
        if (branches.Count == 1) return optimizer.Step(closure, rule.StagesOf(branches[0], optimizer.Options.Geometry, draw: 0));

        Composition.RequireNoHistory(optimizer.Options, optimizer.Memory, "A step over several branches");
        return optimizer.InNewStep(step =>
        {
            using var mean = new GradientMean(optimizer.Services);
            var share = 1.0 / branches.Count;
            for (var draw = 0; draw < branches.Count; draw++)
            {
                using var loss = step.Run(closure, rule.StagesOf(branches[draw], optimizer.Options.Geometry, draw), draw);
                mean.Add(share, rule.AveragesBranches ? share : 1);
            }
            mean.Put();
            step.StepBase();
            return mean.TakeLoss();
        });
    }
}

/// <summary>How the second ascent of <see cref="OtMdr"/> uses the gradient of the first.</summary>
public enum MergedAscent
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>It climbs along the sum of both gradients.</summary>
    Sum,

    /// <summary>It climbs along their mean.</summary>
    Mean,
}

/// <summary>
/// The options of OT-MDR: with gradients g1 at w and g2 at the end of the first ascent, e1 = rho g1 / |g1| + noise z1, and
/// e2 = ratio rho d / |g2| + secondNoise z2, where d is g2, g1 + g2 or half of that. The defaults are those of the authors' classes
/// (anh-ntv/OT_MDR); their README trains with a ratio of 2, merged directions and a noise of 1e-4.
/// </summary>
public sealed record OtMdr
{
    /// <summary>The second radius as a multiple of the first; 0 skips the second ascent. Default 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or not finite.</exception>
    public double Ratio { get; init => field = Check.NonNegative(value, nameof(Ratio)); } = 1;

    /// <summary>What the second ascent climbs along. Default: its own gradient.</summary>
    public MergedAscent Merging { get; init; }

    /// <summary>Whether merged directions are divided by their own norm, instead of the norm of g2. Default false.</summary>
    public bool DividesByMergedNorm { get; init; }

    /// <summary>The standard deviation of the noise that is added to e1. Default 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or not finite.</exception>
    public double Noise { get; init => field = Check.NonNegative(value, nameof(Noise)); }

    /// <summary>The same for e2; null (default) for the same value. The authors' class for several branches multiplies it by the learning
    /// rate.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or not finite.</exception>
    public double? SecondNoise { get; init => field = value is { } given ? Check.NonNegative(given, nameof(SecondNoise)) : null; }

    /// <summary>Whether the gradients of several branches are averaged instead of summed. Default false.</summary>
    public bool AveragesBranches { get; init; }

    /// <summary>Seed of the noise. Default 0.</summary>
    public long Seed { get; init; }

    /// <summary>z, with the ascent's index within the step as the draw; for tests.</summary>
    internal INoise? Draws { get; init; }

    /// <summary>Whether an ascent is anything but the recipe's own.</summary>
    internal bool ChangesAscents => Merging != MergedAscent.None || Noise > 0 || SecondNoise > 0;

    internal AscentStage[] StagesOf((Func<Tensor> FirstHalf, Func<Tensor> SecondHalf) branch, IGeometry geometry, int draw)
    {
        var source = Draws ?? new GaussianNoise(Seed);
        IGeometry? Changed(MergedAscent merging, double deviation, int ascent) => merging == MergedAscent.None && deviation == 0 ? null
            : new ChainedGeometry(geometry, merging, DividesByMergedNorm, deviation, source, (2 * draw) + ascent);
        var first = new AscentStage(branch.FirstHalf)
        {
            Geometry = Changed(MergedAscent.None, Noise, 0),
            KeepsGradients = Merging != MergedAscent.None,
        };
        return Ratio == 0 ? [first] : [first, new(branch.SecondHalf, Ratio) { Geometry = Changed(Merging, SecondNoise ?? Noise, 1) }];
    }
}

/// <summary>Adds the gradient of the first ascent to the direction of the second, and noise to the perturbed weights.</summary>
internal sealed record ChainedGeometry(
    IGeometry Wrapped, MergedAscent Merging, bool DividesByMergedNorm, double Deviation, INoise Noise, int Draw) : GeometryDecorator(Wrapped)
{
    /// <inheritdoc/>
    public override Tensor Norm(Ascent ascent)
    {
        if (Merging == MergedAscent.None) return Wrapped.Norm(ascent);
        var directions = ascent.Buckets.Select(bucket => bucket.Direction).ToArray();
        var own = Wrapped.Norm(ascent); // may change the directions
        foreach (var (bucket, direction) in ascent.Buckets.Zip(directions))
            bucket.Direction = [.. bucket.Parameters.Zip(direction, (slot, vector) => Merged(vector, slot.AscentGradient))];
        var merged = Wrapped.Norm(ascent);
        return DividesByMergedNorm ? merged : own;
    }

    /// <inheritdoc/>
    public override void Perturb(Ascent ascent, Tensor norm)
    {
        Wrapped.Perturb(ascent, norm);
        if (Deviation == 0) return;
        foreach (var bucket in ascent.Buckets)
        {
            for (var i = 0; i < bucket.Parameters.Count; i++)
                bucket.Results[i].IncreaseBy(Noise.Sample(bucket.Parameters[i], ascent.Step, Draw), Deviation);
        }
    }

    private Tensor Merged(Tensor vector, Tensor? first) => (first is null ? vector.clone() : vector.Plus(first))
        .MultiplyBy(Merging == MergedAscent.Mean ? 0.5 : 1);
}
