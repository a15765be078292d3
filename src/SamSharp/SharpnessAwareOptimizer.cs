using SamSharp.Geometries;
using SamSharp.Parameters;
using SamSharp.Radii;
using SamSharp.Scopes;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.optim;

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
    private readonly SharpnessAwareOptions _options;
    private readonly ParameterTable _table;
    private readonly WeightScope _weights;
    private readonly RunningStatistics _statistics;
    private readonly RandomReplay? _replay;
    private long _steps;
    private bool _ascended;

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
        _table = new ParameterTable(options.Module, options.Geometry.Treatment);
        AdoptGroups(options.Groups);
    }

    /// <summary>The wrapped optimizer.</summary>
    public Optimizer BaseOptimizer { get; }

    /// <summary>Whether weights are away from where they belong: between <see cref="Ascend"/> and <see cref="Descend"/>.</summary>
    public bool IsPerturbed => _weights.IsOpen;

    /// <summary>What the last step did.</summary>
    public StepReport LastStep { get; } = new();

    /// <summary>How each param group is treated; may be changed between steps.</summary>
    public IReadOnlyList<SharpnessGroup> Groups => _table.Groups;

    /// <summary>
    /// One whole step. Both closures compute a loss, call <c>backward()</c> and return the loss; gradients are cleared before each call, and gradients are enabled.
    /// </summary>
    /// <param name="closure">The loss to minimize: called at w + e, and first at w unless <paramref name="ascent"/> is given.</param>
    /// <param name="ascent">The loss that is climbed, called at w: a quarter of the batch (<see cref="Batches.BatchSlice"/>), another batch, another loss.
    /// In a step whose radius is 0 it is not called.</param>
    /// <returns>The loss at w (that of <paramref name="ascent"/> if given), as the closure returned it.</returns>
    /// <exception cref="InvalidOperationException">A closure left no gradient; or the weights are perturbed by an <see cref="Ascend"/>.</exception>
    public Tensor Step(Func<Tensor> closure, Func<Tensor>? ascent = null)
    {
        ArgumentNullException.ThrowIfNull(closure);
        BeginStep();
        try
        {
            if (!LastStep.Perturbed) return PlainStep(closure);

            _replay?.Begin(LastStep.Step, OnCuda);
            var loss = Evaluate(ascent ?? closure);
            LastStep.LossTensor = loss;
            _statistics.Save();
            Climb();
            for (var i = 1; i < _options.AscentSteps; i++)
            {
                EvaluateAgain(ascent ?? closure, loss).Dispose();
                Climb();
            }
            using var perturbedLoss = EvaluateAgain(closure, loss);
            LastStep.PerturbedLossTensor = perturbedLoss;
            Descend();
            return loss;
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
    /// <exception cref="InvalidOperationException">No parameter has a gradient; or the last ascent is not completed.</exception>
    public void Ascend()
    {
        BeginStep();
        _statistics.Save();
        Climb();
    }

    /// <summary>The second phase: puts the weights back bit for bit, and lets the base optimizer step with the gradients computed since <see cref="Ascend"/>.</summary>
    /// <exception cref="InvalidOperationException">There was no <see cref="Ascend"/>, or no gradient has been computed since; the weights are back in place.</exception>
    public void Descend()
    {
        if (!_ascended) throw new InvalidOperationException("Descend() has no ascent to complete: call Ascend() first, then compute the gradients again.");
        try
        {
            PutBack();
            ReadGradients("second");
            if (LastStep.Perturbed) _options.Combiner.Combine(WithGradients());
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
        _ascended = false;
    }

    /// <summary>Moves the weights from where they are along the direction that their gradients give, and clears the gradients.</summary>
    private void Climb()
    {
        ReadGradients("first");
        _ascended = true;
        if (LastStep.Perturbed)
        {
            using var scope = NewDisposeScope();
            var ascent = new Ascent(WithGradients().Where(list => Groups[list.Group].Perturbed).ToArray(), _options.Kernels);
            if (ascent.Lists.Count > 0)
            {
                _options.Direction.Aim(ascent);
                _weights.Move(ascent.Lists, () =>
                {
                    var norm = _options.Geometry.Perturb(ascent);
                    LastStep.GradientNormTensor ??= norm;
                });
            }
            if (_options.Combiner.NeedsAscentGradients) _table.KeepForCombiner();
        }
        if (!_options.Combiner.NeedsAscentGradients) _table.ReleaseGradients();
        _table.ClearGradients();
    }

    /// <summary>One pass, and the base optimizer's step: what is left when the radius is 0.</summary>
    private Tensor PlainStep(Func<Tensor> closure)
    {
        var loss = Evaluate(closure);
        LastStep.LossTensor = loss;
        ReadGradients("only");
        StepBase();
        return loss;
    }

    /// <summary>Sets every param group's radius for the step that begins, and with it whether the step perturbs at all.</summary>
    private void BeginStep()
    {
        if (_ascended)
            throw new InvalidOperationException("An ascent is under way, and the weights are perturbed: call Descend() to complete the step, or Restore() to give it up.");

        var radii = BaseOptimizer.ParamGroups.Select(RadiusOf).ToArray();
        foreach (var list in _table.Lists) list.Radius = radii[list.Group];
        LastStep.Begin(_steps + 1, radii.DefaultIfEmpty().Max());
    }

    private double RadiusOf(ILearningRateController group, int index)
    {
        var sharpness = Groups[index];
        if (!sharpness.Perturbed) return 0;
        var step = new StepInfo(_steps + 1, group.LearningRate, group.InitialLearningRate, index);
        var radius = _options.Radius.At(step, sharpness.Rho ?? _options.Rho);
        return double.IsFinite(radius) && radius >= 0
            ? radius
            : throw new InvalidOperationException($"The radius schedule gave {radius} for group {index} in step {step.Step}; a radius is a finite number of at least 0.");
    }

    private Tensor Evaluate(Func<Tensor> closure)
    {
        _table.ClearGradients();
        using var gradients = enable_grad();
        return closure() ?? throw new InvalidOperationException("The closure returned null; it must return the loss.");
    }

    /// <summary>A further pass of the same step. Its loss is ours to free, unless the closure returns one and the same tensor each time.</summary>
    private Tensor EvaluateAgain(Func<Tensor> closure, Tensor? firstLoss)
    {
        _replay?.Rewind(LastStep.Step, OnCuda);
        var loss = Evaluate(closure);
        var kept = loss.detach();
        if (!ReferenceEquals(loss, firstLoss)) loss.Dispose();
        return kept;
    }

    private void ReadGradients(string pass)
    {
        if (_table.ReadGradients()) return;
        throw new InvalidOperationException($"The {pass} pass left no gradient on any parameter of the optimizer. Call backward() on the loss in the closure, " +
            "with parameters that require gradients; and build the optimizer after model.to(...), which replaces parameters.");
    }

    /// <summary>The base optimizer's step with the gradients in place, unless they are to be kept from it.</summary>
    private void StepBase()
    {
        LastStep.Skipped = _options.SkipNonFinite && !AllFinite();
        _steps++;
        if (LastStep.Skipped) return;
        try
        {
            BaseOptimizer.step()?.Dispose();
        }
        catch (KeyNotFoundException e)
        {
            throw new InvalidOperationException($"{BaseOptimizer.GetType().Name} does not know one of its parameters any more. model.to(...) replaces " +
                "a model's parameters: move the model first, then build the optimizer and its wrapper.", e);
        }
    }

    /// <summary>Whether all losses and gradients of the step are finite; the one place where a step reads from the device.</summary>
    private bool AllFinite()
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var device = _table.Lists[0].Device;
        var parts = WithGradients().Select(list => _options.Kernels.Norm(list.Gradients))
            .Concat(new[] { LastStep.LossTensor, LastStep.PerturbedLossTensor, LastStep.GradientNormTensor }.OfType<Tensor>())
            .Select(part => part.to(ScalarType.Float64, device).reshape([])).ToArray();
        return stack(parts).sum().isfinite().item<bool>();
    }

    private TensorList[] WithGradients() => _table.Lists.Where(list => list.Slots.Count > 0).ToArray();

    private void PutBack()
    {
        _weights.Restore();
        _statistics.Restore();
    }

    private bool OnCuda => _table.Lists.Any(list => list.Device.type == DeviceType.CUDA);
}
