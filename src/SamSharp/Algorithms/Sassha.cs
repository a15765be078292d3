using SamSharp.Optimizers;
using SamSharp.Steps;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// SASSHA: a diagonal second-order optimizer that climbs as SAM does, and computes both gradient and curvature at w + e
/// (Shin et al., "SASSHA: Sharpness-aware Adaptive Second-order Optimization with Stable Hessian Approximation", 2025; LOG-postech/Sassha).
/// </summary>
/// <remarks>
/// <para>In step t, with gradients g at w and h at w + e, e = rho g / ||g||, and p the power of the step:</para>
/// <code>
/// D = beta2 D + (1 - beta2) |z (H z)|,  c = (1 - beta2^t)^p      in steps 1, 1 + lazy, ...: H the Hessian at w + e, z random signs
/// m = beta1 m + (1 - beta1) h
/// w = w (1 - lr weightDecay) - lr / (1 - beta1^t) m / (D^p / c + epsilon)
/// </code>
/// <para>A step makes two passes, and every lazy-th step a product with the Hessian, for which the loss is differentiated twice: it cannot
/// contain operators without a second derivative, such as fused attention. In addition to the weights, the optimizer keeps m, D and a copy of
/// the weights. A parameter without a gradient is skipped; one that first gets a gradient between two estimates waits for the next estimate.
/// float16 and bfloat16 parameters have their state and arithmetic in float32. Running statistics of normalization layers see every pass. A
/// step whose losses and numbers are not all finite is skipped, and the check reads one value from the device. A step that throws changes
/// nothing.</para>
/// <para>The authors' code puts the weights back before it multiplies with the Hessian, which then mixes the two
/// points; here H is the Hessian at w + e.</para>
/// </remarks>
public sealed partial class Sassha : StatefulOptimizer, optim.IBetas
{
    private static readonly StateTensor[] Layout =
    [
        new("exp_avg") { IsMomentum = true },
        new("diagonal"),
        // Corrects the diagonal's power for starting at 0; there is no correction before the first estimate.
        new("correction") { ShapeFor = _ => [], BeginsLater = true, IsKept = _ => false },
    ];

    private readonly PerturbedPasses _passes = new(nameof(Sassha));
    private readonly int _lazy;
    private readonly Func<long, double> _power;
    private readonly INoise _noise;

    /// <inheritdoc cref="Sassha(IEnumerable{ParamGroup}, double, double, double, double, double, double, int, Func{long, double}?, INoise?)"/>
    public Sassha(IEnumerable<Parameter> parameters, double lr = 0.15, double rho = 0.2, double beta1 = 0.9, double beta2 = 0.999,
        double epsilon = 1e-4, double weightDecay = 0, int lazy = 10, Func<long, double>? power = null, INoise? noise = null)
        : this([new ParamGroup(parameters)], lr, rho, beta1, beta2, epsilon, weightDecay, lazy, power, noise)
    {
    }

    /// <summary>
    /// Creates the optimizer. The defaults follow the authors' code except for rho, which is 0 there and 0.2 in the README (0.01 for RTE of GLUE).
    /// </summary>
    /// <param name="parameters">The parameters, or groups of them; options that a group leaves out come from the arguments here.</param>
    /// <param name="lr">Learning rate (0.15).</param>
    /// <param name="rho">The radius (0.2).</param>
    /// <param name="beta1">Decay of the first moment, in [0, 1) (0.9).</param>
    /// <param name="beta2">Decay of the Hessian's diagonal, in [0, 1) (0.999).</param>
    /// <param name="epsilon">Added to the power of the diagonal (1e-4).</param>
    /// <param name="weightDecay">Decoupled weight decay (0).</param>
    /// <param name="lazy">Steps from one estimate of the Hessian to the next (10).</param>
    /// <param name="power">The power p of a step, given its number from 1: a constant, or a ramp such as <see cref="Ramp.Linear"/>, the authors'
    /// linear schedule. Default: 0.5 in every step (the paper: the root keeps small curvatures from making steps too long).</param>
    /// <param name="noise">The signs z, random by default and determined by the step's number.</param>
    /// <exception cref="ArgumentException">A value is out of range, or a parameter appears twice.</exception>
    public Sassha(IEnumerable<ParamGroup> parameters, double lr = 0.15, double rho = 0.2, double beta1 = 0.9, double beta2 = 0.999,
        double epsilon = 1e-4, double weightDecay = 0, int lazy = 10, Func<long, double>? power = null, INoise? noise = null)
        : base(WithLazy(parameters, lazy), new Options
        {
            LearningRate = lr,
            Rho = rho,
            Beta1 = beta1,
            Beta2 = beta2,
            Epsilon = epsilon,
            WeightDecay = weightDecay,
        }, Layout)
    {
        _lazy = lazy;
        _power = power ?? (_ => 0.5);
        _noise = noise ?? new SignNoise();
    }

    /// <summary>
    /// Whether the last step was skipped because a loss, a gradient or an estimate was not finite. Weights and state are then as before the step.
    /// </summary>
    public bool SkippedLastStep { get; private set; }

    /// <summary>The model, if it has running statistics: a step that throws or is skipped leaves them as it found them. Null (default): it does
    /// not know them.</summary>
    public nn.Module? Module
    {
        get => _passes.Module;
        init => _passes.Module = value;
    }

    /// <summary>The betas of groups added from now on that do not set their own.</summary>
    public (double, double) Betas
    {
        get => ((Options)_defaults).Betas;
        set => ((Options)_defaults).Betas = value;
    }

    /// <summary>Replaces the estimates |z (H z)| for a step and a parameter; for tests.</summary>
    internal Func<long, ParameterSlot, Tensor>? Diagonals { get; init; }

    /// <summary>Makes one step on a batch.</summary>
    /// <param name="closure">Computes the loss and returns it, without calling <c>backward()</c>: the optimizer does that, since it
    /// differentiates the loss twice. Called twice, or once by M-SASSHA.</param>
    /// <returns>The loss at w; of M-SASSHA, the loss at the perturbed weights.</returns>
    /// <exception cref="InvalidOperationException">The closure called <c>backward()</c>, or the loss does not depend on the
    /// parameters.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The power of the step is negative or not finite; nothing has moved.</exception>
    /// <exception cref="NotSupportedException">libtorch has no second derivative for some operator of the loss.</exception>
    public Tensor Step(Func<Tensor> closure)
    {
        ArgumentNullException.ThrowIfNull(closure);
        using var step = _passes.Begin();
        using var diagonals = new SlotTensors();
        Tensor? loss = null, perturbedLoss = null;
        try
        {
            var number = StepsSoFar + 1;
            var power = Check.NonNegative(_power(number));
            var estimates = (number - 1) % _lazy == 0;
            if (_followsMomentum)
            {
                ClimbAlongMomentum();
            }
            else if (_parameter_groups.Any(group => ((Options)group.Options).Rho > 0))
            {
                loss = Differentiate(closure, "first", again: false);
                Climb();
            }
            perturbedLoss = Differentiate(closure, loss is null ? "only" : "second", again: estimates);
            if (estimates) Estimate(perturbedLoss, number, diagonals);
            _passes.Weights.Restore();
            Update(power, diagonals, loss is null ? [perturbedLoss] : [loss, perturbedLoss]);
            step.End(made: !SkippedLastStep);
            var result = loss ?? perturbedLoss;
            loss = null;
            if (ReferenceEquals(result, perturbedLoss)) perturbedLoss = null;
            return result;
        }
        finally
        {
            loss?.Dispose();
            perturbedLoss?.Dispose();
        }
    }

    /// <summary>Makes one step, as <see cref="Step"/> does.</summary>
    /// <exception cref="InvalidOperationException">There is no closure, which is needed at several points.</exception>
    public override Tensor step(Func<Tensor>? closure = null) => closure is null ? base.step() : Step(closure);

    private protected override void Adopt(TorchSharp.Modules.ParamGroup group) => _passes.Add(group);

    /// <summary>Checks lazy before the base constructor takes up the groups.</summary>
    private static IEnumerable<ParamGroup> WithLazy(IEnumerable<ParamGroup> parameters, int lazy)
    {
        Check.Positive(lazy);
        return parameters;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) _passes.Dispose();
        base.Dispose(disposing);
    }
}
