using SamSharp.Kernels;
using SamSharp.Steps;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.optim;

namespace SamSharp;

/// <summary>
/// Sharpness-aware minimization around any TorchSharp optimizer. Each step climbs to the worst point near the weights, w + e(w) with
/// e = rho g / |g|, computes the gradient there, goes back to w exactly, and lets the base optimizer step with that gradient
/// (Foret, Kleiner, Mobahi, Neyshabur, "Sharpness-Aware Minimization for Efficiently Improving Generalization", 2021).
/// </summary>
/// <remarks>
/// It works wherever a TorchSharp optimizer is expected: schedulers act on the base optimizer's param groups, and its state is
/// saved and loaded together with the base optimizer's. Build it after the model is on its device. It owns the base optimizer and
/// disposes it. Only one thread at a time may use it, and none once it has been disposed.
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
    private readonly StepServices _services;
    private readonly TurnGate _gate = new(nameof(SharpnessAwareOptimizer));
    private SharpnessStep? _ascended; // from Ascend to Descend
    private SharpnessStep? _unapplied; // from Gradient to Apply

    /// <summary>Creates plain SAM, or ASAM.</summary>
    /// <param name="baseOptimizer">Any TorchSharp optimizer except LBFGS; the wrapper takes ownership.</param>
    /// <param name="rho">The radius. Default 0.05 (davda54/sam).</param>
    /// <param name="adaptive">True for ASAM as in davda54/sam: every parameter adaptive, kappa = 0. Radii are then about ten times larger.
    /// For the authors' ASAM, set <see cref="SharpnessAwareOptions.Geometry"/>. Default false.</param>
    /// <exception cref="ArgumentOutOfRangeException">rho is negative or not finite.</exception>
    /// <exception cref="ArgumentException">The optimizer cannot be wrapped, or holds the same weights twice.</exception>
    public SharpnessAwareOptimizer(Optimizer baseOptimizer, double rho = 0.05, bool adaptive = false)
        : this(baseOptimizer, new SharpnessAwareOptions
        {
            Rho = Check.Radius(rho),
            Geometry = adaptive ? new AdaptiveGeometry(Kappa: 0) : new EuclideanGeometry(),
        })
    {
    }

    /// <summary>Creates a sharpness-aware optimizer from options.</summary>
    /// <param name="baseOptimizer">Any TorchSharp optimizer except LBFGS; the wrapper takes ownership.</param>
    /// <param name="options">The recipe and its settings. Any number of optimizers may share them.</param>
    /// <exception cref="ArgumentException">The optimizer cannot be wrapped, holds the same weights twice, or does not fit the recipe.</exception>
    public SharpnessAwareOptimizer(Optimizer baseOptimizer, SharpnessAwareOptions options)
    {
        ArgumentNullException.ThrowIfNull(baseOptimizer);
        ArgumentNullException.ThrowIfNull(options);
        RequireWrappable(baseOptimizer);
        Composition.Require(options, baseOptimizer);
        _services = new StepServices(options, baseOptimizer);
        AdoptGroups(options.Groups);
    }

    /// <summary>The wrapped optimizer.</summary>
    public Optimizer BaseOptimizer => _services.Base.Optimizer;

    /// <summary>Whether the weights are perturbed: in a closure called at w + e, and from <see cref="Ascend"/> to <see cref="Descend"/>.</summary>
    public bool IsPerturbed => _services.Weights.IsOpen;

    /// <summary>What the last step did.</summary>
    public StepReport LastStep => _services.Report;

    /// <summary>The parameters of the base optimizer, in its order.</summary>
    public IReadOnlyList<ParameterSlot> Parameters => _services.Table.Slots;

    /// <summary>How each param group is treated; may be changed between steps.</summary>
    public IReadOnlyList<SharpnessGroup> Groups => _services.Table.Groups;

    /// <summary>What the loss is multiplied by; 1 without a <see cref="SharpnessAwareOptions.LossScaler"/>. Reading waits for the device.</summary>
    public double LossScale => _services.Scale?.Value ?? 1;

    /// <summary>Whether this library's CUDA kernels run on each device, and if not, why: "cuda:0: used, 12 launches so far", or
    /// "cuda:0: not used, since cuModuleLoadData gave CUDA_ERROR_UNSUPPORTED_PTX_VERSION (222)". The text is
    /// for people; its wording may change.</summary>
    public static string CudaStatus => KernelSets.CudaStatus;

    /// <summary>
    /// Makes one whole step. Both closures compute a loss, call <c>backward()</c> and return the loss;
    /// before each call gradients are cleared and enabled.
    /// </summary>
    /// <param name="closure">The loss to minimize: called at w + e, and first at w unless <paramref name="ascent"/> is given.</param>
    /// <param name="ascent">The loss to climb, called at w: a quarter of the batch (<see cref="BatchSlice"/>), another batch, another loss.
    /// Skipped when the radius is 0 or nothing needs the gradient at w.</param>
    /// <returns>The loss at w (of <paramref name="ascent"/> if given), as the closure returned it. If the recipe
    /// needs no pass at w, the loss at w + e.</returns>
    /// <exception cref="InvalidOperationException">A closure left no gradient; the weights are perturbed by an
    /// <see cref="Ascend"/>; or another step is under way.</exception>
    public Tensor Step(Func<Tensor> closure, Func<Tensor>? ascent = null)
    {
        ArgumentNullException.ThrowIfNull(closure);
        return Step(closure, StagesOf(ascent ?? closure));
    }

    /// <summary>Makes one whole step with ascents of different losses, one after the other.</summary>
    /// <param name="closure">The loss to minimize, called at the end of all ascents.</param>
    /// <param name="ascents">At least one ascent; each starts where the previous one ended. Their number replaces
    /// <see cref="SharpnessAwareOptions.AscentSteps"/>.</param>
    /// <returns>The loss of the first ascent, at w.</returns>
    /// <exception cref="ArgumentException">The list is empty, or a scale is not a positive number.</exception>
    /// <exception cref="InvalidOperationException">As for <see cref="Step(Func{Tensor}, Func{Tensor}?)"/>.</exception>
    public Tensor Step(Func<Tensor> closure, IReadOnlyList<AscentStage> ascents)
    {
        ArgumentNullException.ThrowIfNull(closure);
        AscentStage.Require(ascents);
        return InNewStep(step =>
        {
            var loss = step.Run(closure, ascents);
            step.StepBase();
            return loss;
        });
    }

    /// <summary>
    /// Computes the sharpness-aware gradient without a step: leaves in the parameters' gradients what
    /// <see cref="Step(Func{Tensor}, Func{Tensor}?)"/> would give the base optimizer, and puts the weights back. Use it in your own loops
    /// over tasks, clients or inner steps; <see cref="Apply"/> then makes the step.
    /// </summary>
    /// <param name="closure">The loss to minimize.</param>
    /// <param name="ascent">The loss to climb; null for the same loss.</param>
    /// <returns>What <see cref="Step(Func{Tensor}, Func{Tensor}?)"/> returns.</returns>
    /// <exception cref="InvalidOperationException">As for <see cref="Step(Func{Tensor}, Func{Tensor}?)"/>; or the combiner
    /// acts after the base optimizer's step.</exception>
    public Tensor Gradient(Func<Tensor> closure, Func<Tensor>? ascent = null)
    {
        ArgumentNullException.ThrowIfNull(closure);
        Composition.RequireNothingAfterStep(_services.Options, "The gradient alone");
        return InNewStep(step =>
        {
            var loss = step.Run(closure, StagesOf(ascent ?? closure));
            _services.End(made: true);
            _unapplied = step;
            return loss;
        });
    }

    /// <summary>Makes one step of the base optimizer with the gradients that the parameters hold, unless they
    /// are not finite. It counts as a step.</summary>
    /// <exception cref="InvalidOperationException">No parameter has a gradient; the weights are perturbed; or the combiner
    /// acts after the base optimizer's step.</exception>
    public void Apply()
    {
        Composition.RequireNothingAfterStep(_services.Options, "A step with gradients from outside");
        using var turn = Enter("A step cannot begin");
        using var step = _unapplied ?? new SharpnessStep(_services);
        _unapplied = null;
        _services.Table.RequireGradients("last", perturbed: false);
        step.StepBase();
    }

    /// <summary>
    /// The first phase of a two-phase loop: moves the weights to w + e by the gradients that <c>backward()</c> has left, after as many passes
    /// as you like, and clears the gradients. Compute the gradients again, then call <see cref="Descend"/>.
    /// </summary>
    /// <remarks>In a step whose radius is 0 the weights stay, and the second pass computes the plain gradient.</remarks>
    /// <exception cref="InvalidOperationException">No parameter has a gradient; the last ascent is not completed; or the recipe needs
    /// further passes or a replay of random numbers, and therefore a closure.</exception>
    public void Ascend()
    {
        Composition.RequireTwoPhases(_services.Options);
        InNewStep(step =>
        {
            step.Ascend();
            return _ascended = step;
        });
    }

    /// <summary>The second phase: puts the weights back bit for bit, and lets the base optimizer step with the gradients
    /// computed since <see cref="Ascend"/>.</summary>
    /// <exception cref="InvalidOperationException">There was no <see cref="Ascend"/>, or no gradient has been computed
    /// since; the weights are back in place.</exception>
    public void Descend()
    {
        using var turn = Enter();
        using var step = _ascended ?? throw new InvalidOperationException("Descend() completes an ascent, and there is none: call Ascend() first.");
        _ascended = null;
        step.Combine("second");
        step.StepBase();
    }

    /// <summary>Gives up an ascent: puts the weights back without a step. Does nothing if there is none.</summary>
    public void Restore()
    {
        using var turn = Enter();
        (var step, _ascended) = (_ascended, null);
        step?.Dispose();
    }

    /// <summary>The ascents of a step that climbs one loss.</summary>
    internal AscentStage[] StagesOf(Func<Tensor> closure) => Enumerable.Repeat(new AscentStage(closure), _services.Options.AscentSteps).ToArray();

    /// <summary>Runs a function in a new step, which ends afterwards unless it waits for <see cref="Descend"/> or <see cref="Apply"/>.</summary>
    internal T InNewStep<T>(Func<SharpnessStep, T> run)
    {
        using var turn = Enter("A step cannot begin");
        _unapplied = null;
        var step = new SharpnessStep(_services);
        try
        {
            return run(step);
        }
        finally
        {
            if (step != _ascended) step.Dispose();
        }
    }

    /// <summary>What the recipe's parts remember.</summary>
    internal RecipeMemory Memory => _services.Memory;

    /// <summary>The recipe.</summary>
    internal SharpnessAwareOptions Options => _services.Options;

    /// <summary>What every step works with.</summary>
    internal StepServices Services => _services;

    /// <summary>Keeps out other threads, and calls from closures, until the result is disposed.</summary>
    private TurnGate.Turn Enter(string? toStart = null)
    {
        var turn = _gate.Enter();
        if (toStart is null || _ascended is null) return turn;
        turn.Dispose();
        throw new InvalidOperationException($"{toStart} while an ascent is under way and the weights are perturbed: " +
            "call Descend() or Restore() first.");
    }
}
