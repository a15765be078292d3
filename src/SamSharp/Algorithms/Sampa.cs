using SamSharp.Optimizers;
using SamSharp.Steps;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.optim;

namespace SamSharp;

public static partial class Recipe
{
    /// <summary>
    /// SAMPa combines the gradient p at w + rho q / |q| with the gradient at the point that plain descent along q would reach,
    /// y = w - lr (q + weightDecay w + momentum b), where q is the gradient at the y of the previous step and b is SGD's momentum buffer; q is
    /// then computed again at y, and the base optimizer gets (1 - lambda) p + lambda q (Xie, Pethick, Cevher, "SAMPa: Sharpness-aware
    /// Minimization Parallelized", 2024; LIONS-EPFL/SAMPa).
    /// </summary>
    /// <remarks>
    /// <para>p belongs to the step's closure and q to the ascent closure. <c>Step(closure)</c> computes both on one batch, as in the paper.
    /// <c>Step(previousBatch, ascent: thisBatch)</c> matches the authors' script, which computes p on the previous step's batch
    /// (in the first step, on its own batch).</para>
    /// <para>In the first step there is no q: e is 0 and y is w. It can look ahead only along steps of SGD without nesterov, dampening
    /// or maximize. q is saved in checkpoints.</para>
    /// </remarks>
    /// <param name="rho">The radius. Default 0.1 (the official script).</param>
    /// <param name="lambda">The share of the gradient at the look-ahead point. Default 0.2 (the official script).</param>
    [Published("SAMPa", "Xie et al. 2024", "1", "5")]
    public static SharpnessAwareOptions Sampa(double rho = 0.1, double lambda = 0.2)
    {
        var part = new LookAheadGradient(lambda);
        return new() { Rho = rho, Direction = part, Combiner = part };
    }
}

/// <summary>
/// SAMPa's direction and combiner in one (<see cref="Recipe.Sampa"/>). The two gradients of a step do not depend on each other, so SAMPa can
/// compute them on two devices at once; here they are computed one after the other.
/// </summary>
/// <param name="Lambda">The share of the gradient at y, from 0 to 1. Default 0.2 (the official script).</param>
internal sealed record LookAheadGradient(double Lambda = 0.2) : IDirection, ICombiner
{
    private const string Last = "last";

    /// <summary>The share of the gradient at y, from 0 to 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of range.</exception>
    public double Lambda { get; init => field = Check.Fraction(value, nameof(Lambda)); } = Check.Fraction(Lambda);

    /// <inheritdoc/>
    public bool Remembers => true;

    /// <inheritdoc/>
    public bool NeedsFurtherPasses => true;

    /// <inheritdoc/>
    public bool NeedsGradients(long number) => false;

    /// <inheritdoc/>
    public string? Objection(SharpnessAwareOptions options, Optimizer baseOptimizer)
    {
        if (!Equals(options.Direction, this) || !Equals(options.Combiner, this))
            return $"{nameof(LookAheadGradient)} is direction and combiner at once. Set both to the same one, as Recipe.Sampa does.";
        var isPlannable = IKeepsMomentum.Of(baseOptimizer) is { } momentum
            && baseOptimizer.ParamGroups.OfType<ParamGroup>().All(group => momentum.NextStep(group) is not null);
        return isPlannable ? null
            : $"{nameof(LookAheadGradient)} looks ahead along a step of SGD, with neither nesterov nor dampening nor maximize, " +
                $"and the base is {baseOptimizer.GetType().Name}. Use such an SGD.";
    }

    /// <inheritdoc/>
    public void Aim(Ascent ascent)
    {
        var memory = ascent.MemoryOf(this);
        foreach (var bucket in ascent.Buckets)
            bucket.Direction = memory.Of(Last, bucket.Parameters);
    }

    /// <inheritdoc/>
    public void Combine(Descent descent)
    {
        using var ahead = descent.AtPoint(LookAhead, descent.AscentClosure);
        foreach (var bucket in descent.Buckets)
        {
            var gradients = ahead.Of(bucket);
            descent.Mix(bucket.AtPerturbed, 1 - Lambda, gradients, Lambda);
            // A number that is not finite is in the final gradient now, so that the step is skipped; it must not stay in q.
            foreach (var gradient in gradients) gradient.nan_to_num_(0, 0, 0);
            descent.Copy(descent.MemoryOf(this).Change(Last, bucket.Parameters), gradients);
        }
    }

    /// <summary>Writes y into the buckets' results.</summary>
    private void LookAhead(Ascent ascent)
    {
        var groups = ascent.BaseOptimizer.ParamGroups.Cast<ParamGroup>().ToArray();
        var momentum = IKeepsMomentum.Of(ascent.BaseOptimizer)!;
        foreach (var bucket in ascent.Buckets)
        {
            var plan = momentum.NextStep(groups[bucket.Group])!.Value;
            var step = bucket.Parameters
                .Select(parameter => Update(ascent, parameter, plan, momentum.MomentumOf(parameter.Parameter))).ToArray();
            ascent.PerturbBy(bucket, step, -bucket.LearningRate);
        }
    }

    private Tensor Update(Ascent ascent, ParameterSlot parameter, LinearStep plan, Tensor? buffer)
    {
        if (ascent.MemoryOf(this).Find(Last, parameter) is not { } last) return zeros_like(parameter.Parameter, requires_grad: false);
        var update = last.clone();
        // The authors' script adds decay and momentum together, once there is a buffer.
        if (plan.Momentum > 0 && buffer is null) return update;
        update.IncreaseBy(parameter.Parameter, plan.WeightDecay);
        if (buffer is not null) update.IncreaseBy(buffer.to(update.dtype), plan.Momentum);
        return update;
    }
}
