using SamSharp.Optimizers;
using SamSharp.Steps;
using TorchSharp.Modules;
using static TorchSharp.torch.optim;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// SAMPa's combination of the gradient p at w + rho q / ||q|| with the gradient at a point that plain descent along q would reach: y = w - lr (q + weightDecay w + momentum b), where q is
/// the gradient at the y of the step before and b SGD's momentum buffer; q is then taken anew at y, and the base optimizer gets (1 - lambda) p + lambda q
/// (Xie, Pethick, Cevher, "SAMPa: Sharpness-aware Minimization Parallelized", 2024; LIONS-EPFL/SAMPa). The two gradients do not depend on each other, which is what lets SAMPa compute them on
/// two devices at once; here they follow each other.
/// </summary>
/// <remarks>
/// <para>p belongs to the step's closure and q to the closure that is climbed. <c>Step(closure)</c> takes both on one batch, as the paper writes it.
/// <c>Step(previousBatch, ascent: thisBatch)</c> is the authors' script, which takes p on the batch of the step before (in the first step on its own).</para>
/// <para>In the first step there is no q: e is 0 and y is w. SGD alone is known to look ahead along, without nesterov, dampening or maximize.</para>
/// </remarks>
public sealed class LookAheadGradient : ICombiner
{
    private readonly StaleGradient _direction;
    private readonly double _lambda;

    /// <summary>A combination with the given share of the gradient at y.</summary>
    /// <param name="direction">The direction of the same recipe, which follows q and keeps it in checkpoints; made with <c>observes: false</c>.</param>
    /// <param name="lambda">From 0 to 1. Default 0.2 (the official script).</param>
    /// <exception cref="ArgumentOutOfRangeException">lambda is out of its range.</exception>
    /// <exception cref="ArgumentException">The direction follows other gradients.</exception>
    public LookAheadGradient(StaleGradient direction, double lambda = 0.2)
    {
        ArgumentNullException.ThrowIfNull(direction);
        if (direction.Observes) throw new ArgumentException("The direction follows the gradients at w + e by itself; make it with observes: false.", nameof(direction));
        _direction = direction;
        _lambda = Check.Fraction(lambda);
    }

    /// <inheritdoc/>
    public bool NeedsAscentGradients => false;

    /// <inheritdoc/>
    public bool NeedsFurtherPasses => true;

    /// <inheritdoc/>
    public string? Objection(SharpnessAwareOptions options, Optimizer baseOptimizer)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(baseOptimizer);
        if (!ReferenceEquals(options.Direction, _direction))
            return $"{nameof(LookAheadGradient)} says what a {nameof(StaleGradient)} follows, but the recipe's direction is another. Give both the same object, as Recipe.Sampa does.";
        return baseOptimizer.ParamGroups.OfType<ParamGroup>().All(group => Plan.Of(group.Options) is not null)
            ? null
            : $"{nameof(LookAheadGradient)} looks ahead along a step of SGD, with neither nesterov nor dampening nor maximize, and the base is {baseOptimizer.GetType().Name}. Use such an SGD.";
    }

    /// <inheritdoc/>
    public void Combine(Descent descent)
    {
        ArgumentNullException.ThrowIfNull(descent);
        using var ahead = descent.AtPoint(lists => LookAhead(descent, lists), descent.AscentClosure);
        foreach (var list in descent.Lists)
        {
            var gradients = ahead.Of(list.Slots);
            descent.Kernels.Mix(list.Gradients, Pass.Factor(list, 1 - _lambda), gradients, Pass.Factor(list, _lambda));
            // Numbers that are not finite are in the final gradient now, so that the step is skipped; they must not stay.
            foreach (var gradient in gradients) gradient.nan_to_num_(0, 0, 0);
            _direction.Remember(descent, list, gradients);
        }
    }

    /// <summary>Writes y.</summary>
    private void LookAhead(Descent descent, IReadOnlyList<TensorList> lists)
    {
        var groups = descent.BaseOptimizer.ParamGroups.Cast<ParamGroup>().ToArray();
        var momentum = BaseMomentum.Of(descent.BaseOptimizer);
        foreach (var list in lists)
        {
            var plan = Plan.Of(groups[list.Group].Options)!.Value;
            var step = list.Slots.Select(slot => Update(slot, plan, momentum.Find(slot))).ToArray();
            descent.Kernels.Perturb(list.Weights, list.Results, step, Pass.Factor(list, -list.LearningRate));
        }
    }

    private Tensor Update(ParameterSlot slot, Plan plan, Tensor? buffer)
    {
        if (_direction.Find(slot) is not { } last) return zeros_like(slot.Parameter, requires_grad: false);
        var update = last.clone();
        // The script adds decay and momentum together, once there is a buffer.
        if (plan.Momentum > 0 && buffer is null) return update;
        update.add_(slot.Parameter, alpha: plan.WeightDecay);
        if (buffer is not null) update.add_(buffer.to(update.dtype), alpha: plan.Momentum);
        return update;
    }

    /// <summary>What SGD adds to a gradient.</summary>
    private readonly record struct Plan(double Momentum, double WeightDecay)
    {
        public static Plan? Of(OptimizerOptions options) => options switch
        {
            SGD.Options { nesterov: not true, maximize: not true } sgd when sgd.dampening is null or 0 => new Plan(sgd.momentum ?? 0, sgd.weight_decay ?? 0),
            FusedSGD.Options { Nesterov: not true, Maximize: not true } sgd when sgd.Dampening is null or 0 => new Plan(sgd.Momentum ?? 0, sgd.WeightDecay ?? 0),
            _ => null,
        };
    }
}
