using SamSharp.Optimizers;
using SamSharp.Steps;
using TorchSharp.Modules;
using static TorchSharp.torch.optim;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// Sharpness-aware minimization around any TorchSharp optimizer. Each step climbs to the worst point of a small neighbourhood, w + e(w) with
/// e = rho g / ||g||, takes the gradient there, goes back to w exactly, and lets the base optimizer step with that gradient
/// (Foret, Kleiner, Mobahi, Neyshabur, "Sharpness-Aware Minimization for Efficiently Improving Generalization", 2021).
/// </summary>
/// <remarks>
/// It is a TorchSharp optimizer wherever one is expected: schedulers act on the base optimizer's param groups, state is saved and loaded with
/// the base's own. Build it after the model is on its device. It owns the base optimizer and disposes it.
/// </remarks>
/// <example><code>
/// var optimizer = new SharpnessAwareOptimizer(torch.optim.AdamW(model.parameters(), lr: 1e-4), rho: 0.05);
/// var loss = optimizer.Step(() =>
/// {
///     var l = Loss(model.call(x), y);
///     l.backward();
///     return l;
/// });
/// </code></example>
public partial class SharpnessAwareOptimizer : OptimizerHelper
{
    private const string NoNewStep = "A step cannot begin";

    private readonly SharpnessAwareOptions _options;
    private readonly ParameterTable _table;
    private readonly WeightScope _weights;
    private readonly RunningStatistics _statistics;
    private readonly RandomReplay? _replay;
    private double[] _radii = [];
    private Func<Tensor>? _closure;
    private Func<Tensor>? _ascentClosure;
    private Ascent? _ascent;
    private Descent? _descent;
    private long _steps;
    private int _draw;
    private bool _ascended;
    private bool _broken;

    /// <summary>Plain SAM, or ASAM.</summary>
    /// <param name="baseOptimizer">Any TorchSharp optimizer but LBFGS; owned by the wrapper from then on.</param>
    /// <param name="rho">The radius. Default 0.05 (davda54/sam).</param>
    /// <param name="adaptive">True for ASAM as in davda54/sam: every parameter in its own scale, kappa = 0. Radii are then about ten times larger.
    /// For the authors' ASAM set <see cref="SharpnessAwareOptions.Geometry"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">rho is negative or not finite.</exception>
    /// <exception cref="ArgumentException">The optimizer cannot be wrapped, or holds the same weights twice.</exception>
    public SharpnessAwareOptimizer(Optimizer baseOptimizer, double rho = 0.05, bool adaptive = false)
        : this(baseOptimizer, new SharpnessAwareOptions
        {
            Rho = Check.Radius(rho),
            Geometry = adaptive ? new AdaptiveGeometry(kappa: 0) : new EuclideanGeometry(),
        })
    {
    }

    /// <summary>SAM as the options say.</summary>
    /// <param name="baseOptimizer">Any TorchSharp optimizer but LBFGS; owned by the wrapper from then on.</param>
    /// <param name="options">How it is made sharpness-aware.</param>
    /// <exception cref="ArgumentException">The optimizer cannot be wrapped, or holds the same weights twice.</exception>
    public SharpnessAwareOptimizer(Optimizer baseOptimizer, SharpnessAwareOptions options)
    {
        ArgumentNullException.ThrowIfNull(baseOptimizer);
        ArgumentNullException.ThrowIfNull(options);
        RequireWrappable(baseOptimizer);
        BaseOptimizer = baseOptimizer;
        _options = options;
        _weights = new WeightScope(options.Kernels);
        _statistics = new RunningStatistics(options.Module);
        _replay = options.ReplayRandomness ? new RandomReplay(options.ReplaySeed) : null;
        _table = new ParameterTable(options.Module, options.Geometry);
        RequireComposition();
        AdoptGroups(options.Groups);
    }

    /// <summary>The wrapped optimizer.</summary>
    public Optimizer BaseOptimizer { get; }

    /// <summary>Whether weights are away from where they belong: between <see cref="Ascend"/> and <see cref="Descend"/>.</summary>
    public bool IsPerturbed => _weights.IsOpen;

    /// <summary>What the last step did.</summary>
    public StepReport LastStep { get; } = new();

    /// <summary>The parameters of the base optimizer, in its order.</summary>
    public IReadOnlyList<ParameterSlot> Slots => _table.Slots;

    /// <summary>How each param group is treated; may be changed between steps.</summary>
    public IReadOnlyList<SharpnessGroup> Groups => _table.Groups;

    /// <summary>
    /// One whole step. Both closures compute a loss, call <c>backward()</c> and return the loss; gradients are cleared before each call, and gradients are enabled.
    /// </summary>
    /// <param name="closure">The loss to minimize: called at w + e, and first at w unless <paramref name="ascent"/> is given.</param>
    /// <param name="ascent">The loss that is climbed, called at w: a quarter of the batch (<see cref="BatchSlice"/>), another batch, another loss.
    /// It is not called in a step whose radius is 0, nor where nothing needs the gradient at w.</param>
    /// <returns>The loss at w (that of <paramref name="ascent"/> if given), as the closure returned it. Where the recipe needs no pass at w: the loss at w + e.</returns>
    /// <exception cref="InvalidOperationException">A closure left no gradient; or the weights are perturbed by an <see cref="Ascend"/>.</exception>
    public Tensor Step(Func<Tensor> closure, Func<Tensor>? ascent = null)
    {
        ArgumentNullException.ThrowIfNull(closure);
        return Step(closure, StagesOf(ascent ?? closure));
    }

    /// <summary>One whole step with ascents of different losses, one after the other.</summary>
    /// <param name="closure">The loss to minimize, called at the end of all ascents.</param>
    /// <param name="ascents">At least one; each starts where the last one ended. Their number replaces <see cref="SharpnessAwareOptions.AscentSteps"/>.</param>
    /// <returns>The loss of the first ascent, at w.</returns>
    /// <exception cref="ArgumentException">There is no ascent, or one's scale is not a positive number.</exception>
    /// <exception cref="InvalidOperationException">As for <see cref="Step(Func{Tensor}, Func{Tensor}?)"/>.</exception>
    public Tensor Step(Func<Tensor> closure, IReadOnlyList<AscentStage> ascents)
    {
        RequireAtRest(NoNewStep);
        try
        {
            var loss = FindGradient(closure, ascents);
            StepBase();
            return loss;
        }
        finally
        {
            Restore();
        }
    }

    /// <summary>
    /// The sharpness-aware gradient without a step: what <see cref="Step(Func{Tensor}, Func{Tensor}?)"/> would give the base optimizer is left in the parameters' gradients,
    /// the weights are where they were. For loops of one's own over tasks, clients or inner steps; <see cref="Apply"/> then makes the step.
    /// </summary>
    /// <param name="closure">The loss to minimize.</param>
    /// <param name="ascent">The loss that is climbed; null for the same.</param>
    /// <returns>What <see cref="Step(Func{Tensor}, Func{Tensor}?)"/> returns.</returns>
    /// <exception cref="InvalidOperationException">As for <see cref="Step(Func{Tensor}, Func{Tensor}?)"/>; or the combiner acts after the base optimizer's step.</exception>
    public Tensor Gradient(Func<Tensor> closure, Func<Tensor>? ascent = null)
    {
        ArgumentNullException.ThrowIfNull(closure);
        RequireAtRest(NoNewStep);
        RequireNothingAfterStep("The gradient alone");
        try
        {
            return FindGradient(closure, StagesOf(ascent ?? closure));
        }
        finally
        {
            Restore();
        }
    }

    /// <summary>One step of the base optimizer with the gradients that the parameters hold, unless they are not finite. It counts as a step.</summary>
    /// <exception cref="InvalidOperationException">No parameter has a gradient; the weights are perturbed; or the combiner acts after the base optimizer's step.</exception>
    public void Apply()
    {
        RequireAtRest(NoNewStep);
        RequireNothingAfterStep("A step with gradients of one's own");
        try
        {
            ReadGradients("last");
            LastStep.Step = _steps + 1;
            StepBase();
        }
        finally
        {
            Restore();
        }
    }

    /// <summary>
    /// The first phase of a loop written by hand: from the gradients that <c>backward()</c> has left, as many passes as you like, moves the weights to w + e
    /// and clears the gradients. Compute the gradients again, then call <see cref="Descend"/>.
    /// </summary>
    /// <remarks>In a step whose radius is 0 the weights stay, and the second pass computes the plain gradient.</remarks>
    /// <exception cref="InvalidOperationException">No parameter has a gradient; the last ascent is not completed; or the recipe needs further passes, hence a closure.</exception>
    public void Ascend()
    {
        RequireAtRest(NoNewStep);
        if (_options.Combiner.NeedsFurtherPasses)
            throw new InvalidOperationException($"{_options.Combiner.GetType().Name} evaluates the loss at further points, for which it needs a closure: call Step(closure) in place of Ascend() and Descend().");
        BeginStep();
        if (NeedsFirstPass) ReadFirstPass();
        Climb(1);
    }

    /// <summary>The second phase: puts the weights back bit for bit, and lets the base optimizer step with the gradients computed since <see cref="Ascend"/>.</summary>
    /// <exception cref="InvalidOperationException">There was no <see cref="Ascend"/>, or no gradient has been computed since; the weights are back in place.</exception>
    public void Descend()
    {
        if (!_ascended) throw new InvalidOperationException("Descend() has no ascent to complete: call Ascend() first, then compute the gradients again.");
        try
        {
            Combine("second");
            StepBase();
        }
        finally
        {
            Restore();
        }
    }

    /// <summary>Gives up an ascent: puts the weights back without a step. Does nothing when there is none.</summary>
    public void Restore()
    {
        PutBack();
        _table.ReleaseGradients();
        _ascent?.Dispose();
        _ascent = null;
        _ascended = false;
    }

    /// <summary>The passes of one step, up to the final gradients.</summary>
    private Tensor FindGradient(Func<Tensor> closure, IReadOnlyList<AscentStage> ascents)
    {
        ArgumentNullException.ThrowIfNull(closure);
        RequireStages(ascents);
        BeginStep();
        if (!LastStep.Perturbed) return PlainGradient(closure);

        _closure = closure;
        _ascentClosure = ascents[0].Closure;
        _replay?.Begin(LastStep.Step, OnCuda);
        Tensor? loss = null;
        if (NeedsFirstPass)
        {
            LastStep.LossTensor = loss = Evaluate(ascents[0].Closure);
            ReadFirstPass();
            if (!LastStep.Perturbed) return PlainGradient(closure, loss, ascents[0].Closure);
        }
        Climb(ascents[0].Scale);
        foreach (var ascent in ascents.Skip(1))
        {
            EvaluateAgain(ascent.Closure, loss).Dispose();
            ReadGradients("first");
            Climb(ascent.Scale);
        }
        var perturbedLoss = loss is null ? Evaluate(closure) : EvaluateAgain(closure, loss);
        LastStep.PerturbedLossTensor = perturbedLoss;
        if (loss is not null) perturbedLoss.Dispose();
        Combine("second");
        return loss ?? perturbedLoss;
    }

    /// <summary>One pass at w: what is left when the radius is 0.</summary>
    /// <param name="closure">The loss to minimize.</param>
    /// <param name="loss">The loss of a pass that has been made already, or null.</param>
    /// <param name="evaluated">Which closure that was.</param>
    private Tensor PlainGradient(Func<Tensor> closure, Tensor? loss = null, Func<Tensor>? evaluated = null)
    {
        if (evaluated != closure)
        {
            loss?.Dispose();
            LastStep.LossTensor = loss = Evaluate(closure);
        }
        Combine("only");
        return loss!;
    }

    /// <summary>Takes up the gradients at w, and asks for the radius again now that they are known.</summary>
    private void ReadFirstPass()
    {
        ReadGradients("first");
        _statistics.Save();
        if (!LastStep.Perturbed) return;
        SetRadii(new FirstPass(() => LastStep.Loss, () =>
        {
            using var scope = NewDisposeScope();
            return NewAscent().GlobalNorm(list => _options.Kernels.Norm(list.Gradients)).Value();
        }));
    }

    /// <summary>Moves the weights from where they are along the direction that their gradients give, and clears the gradients.</summary>
    private void Climb(double scale)
    {
        _ascended = true;
        if (LastStep.Perturbed)
        {
            if (!NeedsFirstPass) _table.ReadNothing();
            else CheckForParts();
            if (!_broken) Move(_ascent = NewAscent(), scale);
            if (KeepsAscentGradients) _table.KeepForCombiner();
        }
        if (!KeepsAscentGradients) _table.ReleaseGradients();
        _table.ClearGradients();
    }

    /// <summary>Finds e, and moves the weights by <paramref name="scale"/> e.</summary>
    private void Move(Ascent ascent, double scale)
    {
        if (ascent.Lists.Count == 0) return;
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        SetReach(ascent, scale);
        _options.Direction.Aim(ascent);
        _weights.Move(ascent.Lists, () =>
        {
            var norm = _options.Geometry.Norm(ascent);
            LastStep.GradientNormTensor ??= norm;
            _options.Geometry.Perturb(ascent, norm);
            if (_options.Combiner.NeedsFurtherPasses) ascent.Keep(norm, scope);
        });
    }

    private void SetReach(Ascent ascent, double scale)
    {
        foreach (var list in ascent.Lists) list.Radius = _radii[list.Group] * scale;
    }

    /// <summary>From the gradients of the last pass to the final ones, with the weights put back.</summary>
    private void Combine(string pass)
    {
        using var scope = _partsScope = NewDisposeScope();
        using var noGradient = no_grad();
        ReadGradients(pass);
        CheckForParts();
        if (_broken)
        {
            PutBack();
            return;
        }
        _descent = new Descent(LastStep.Step, WithGradients(), _options.Kernels, BaseOptimizer, LastStep, _closure is null ? null : this) { AscentClosure = _ascentClosure };
        if (LastStep.Perturbed)
        {
            _options.Combiner.Inspect(_descent);
            _options.Direction.Observe(_descent);
            PutBack();
            if (_options.CompareGradients) LastStep.GradientCosineTensor = CosineOfGradients(_descent);
            _options.Combiner.Combine(_descent);
        }
        else
        {
            PutBack();
            _options.Combiner.Plain(_descent);
        }
    }

    /// <summary>The base optimizer's step with the gradients in place, unless they are to be kept from it.</summary>
    private void StepBase()
    {
        _steps++;
        var guarded = BaseOptimizer as IGuardedOptimizer;
        using var foundInf = _options.SkipNonFinite && !_broken ? FindNonFinite() : null;
        var unread = foundInf is not null && !_options.Combiner.ActsAfterStep && guarded?.LeavesUnread(foundInf) == true;
        if (_broken || (!unread && foundInf?.Value() > 0))
        {
            LastStep.Skip();
            return;
        }
        if (unread) LastStep.SkipWhere(foundInf!);
        try
        {
            if (guarded is not null) guarded.Step(_table.Slots, unread ? foundInf : null);
            else BaseOptimizer.step()?.Dispose();
        }
        catch (KeyNotFoundException e)
        {
            throw new InvalidOperationException($"{BaseOptimizer.GetType().Name} does not know one of its parameters any more. model.to(...) replaces " +
                "a model's parameters: move the model first, then build the optimizer and its wrapper.", e);
        }
        if (!LastStep.Perturbed || !_options.Combiner.ActsAfterStep) return;
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        _options.Combiner.AfterStep(_descent!);
    }
}
