using SamSharp.Analysis;
using SamSharp.Kernels;
using SamSharp.Steps;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Optimizers;

/// <summary>
/// SASSHA: a diagonal second-order optimizer that climbs as SAM does, and takes both gradient and curvature there
/// (Shin et al., "SASSHA: Sharpness-aware Adaptive Second-order Optimization with Stable Hessian Approximation", 2025; LOG-postech/Sassha).
/// </summary>
/// <remarks>
/// <para>In step t, with gradients g at w and h at w + e, e = rho g / ||g||, and p the power of the step:</para>
/// <code>
/// D = beta2 D + (1 - beta2) |z (H z)|,  c = (1 - beta2^t)^p      in steps 1, 1 + lazy, ...: H the Hessian at w + e, z random signs
/// m = beta1 m + (1 - beta1) h
/// w = w (1 - lr weightDecay) - lr / (1 - beta1^t) m / (D^p / c + epsilon)
/// </code>
/// <para>Two passes, and every lazy-th step a product with the Hessian, for which the loss is differentiated twice: operators without a second derivative, fused attention among them, cannot be part of it.
/// Beside the weights it keeps m, D and a copy of the weights. A parameter without gradient is skipped; one that first gets a gradient between two estimates waits for the next.
/// float16 and bfloat16 parameters have their state and arithmetic in float32.</para>
/// <para>The authors' code puts the weights back before it multiplies with the Hessian, which then mixes the two points; here H is that at w + e.</para>
/// </remarks>
public sealed partial class Sassha : PerturbingOptimizer<Sassha.Options, Sassha.State>, optim.IBetas
{
    private readonly int _lazy;
    private readonly Func<long, double> _power;
    private const double NormFloor = 1e-12;
    private readonly INoise _noise;

    /// <inheritdoc cref="Sassha(IEnumerable{ParamGroup}, double, double, double, double, double, double, int, Func{long, double}?, INoise?)"/>
    public Sassha(IEnumerable<Parameter> parameters, double lr = 0.15, double rho = 0.2, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-4,
        double weightDecay = 0, int lazy = 10, Func<long, double>? power = null, INoise? noise = null)
        : this([new ParamGroup(parameters)], lr, rho, beta1, beta2, epsilon, weightDecay, lazy, power, noise)
    {
    }

    /// <summary>Creates the optimizer. The defaults are the authors' code's, but for rho, which is 0 there and 0.2 in the README (0.01 for RTE of GLUE).</summary>
    /// <param name="parameters">The parameters, or groups of them; what a group's options leave out is filled in from the arguments here.</param>
    /// <param name="lr">Learning rate (0.15).</param>
    /// <param name="rho">The radius (0.2).</param>
    /// <param name="beta1">Decay of the first moment, in [0, 1) (0.9).</param>
    /// <param name="beta2">Decay of the Hessian's diagonal, in [0, 1) (0.999).</param>
    /// <param name="epsilon">Added to the power of the diagonal (1e-4).</param>
    /// <param name="weightDecay">Decoupled weight decay (0).</param>
    /// <param name="lazy">Steps from one estimate of the Hessian to the next (10).</param>
    /// <param name="power">The power p of a step, from 1; see <see cref="HessianPower"/>. Default: 0.5 always.</param>
    /// <param name="noise">The signs z, random by default, which follow from the step's number.</param>
    /// <exception cref="ArgumentException">A value is out of its range, or a parameter appears twice.</exception>
    public Sassha(IEnumerable<ParamGroup> parameters, double lr = 0.15, double rho = 0.2, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-4,
        double weightDecay = 0, int lazy = 10, Func<long, double>? power = null, INoise? noise = null)
        : base(parameters, new Options
        {
            LearningRate = lr,
            Rho = rho,
            Beta1 = beta1,
            Beta2 = beta2,
            Epsilon = epsilon,
            WeightDecay = weightDecay,
        })
    {
        _lazy = Check.Positive(lazy);
        _power = power ?? HessianPower.Constant();
        _noise = noise ?? new SignNoise();
    }

    /// <summary>The betas that groups added from now on take where they have none of their own.</summary>
    public (double, double) Betas
    {
        get => (Defaults.Beta1!.Value, Defaults.Beta2!.Value);
        set => (Defaults.Beta1, Defaults.Beta2) = value;
    }

    /// <summary>In place of our own estimates |z (H z)|, given the step and the parameter. For tests.</summary>
    internal Func<long, ParameterSlot, Tensor>? Diagonals { get; init; }

    /// <summary>One step on a batch.</summary>
    /// <param name="closure">Computes the loss and returns it, without <c>backward()</c>, which is called here: the loss is differentiated twice. Called twice.</param>
    /// <returns>The loss at w.</returns>
    /// <exception cref="InvalidOperationException">The closure called <c>backward()</c>, or the loss does not depend on the parameters.</exception>
    /// <exception cref="NotSupportedException">libtorch knows no second derivative of some operator of the loss.</exception>
    public Tensor Step(Func<Tensor> closure)
    {
        ArgumentNullException.ThrowIfNull(closure);
        using var diagonals = new SlotTensors();
        try
        {
            var number = Number;
            var estimates = (number - 1) % _lazy == 0;
            Tensor? loss = null;
            if (_parameter_groups.Any(group => ((Options)group.Options).Rho > 0))
            {
                loss = Differentiate(closure, "first", again: false);
                Climb();
            }
            var perturbedLoss = Differentiate(closure, loss is null ? "only" : "second", again: estimates);
            if (estimates) Estimate(perturbedLoss, number, diagonals);
            Weights.Restore();
            Update(number, diagonals);
            if (loss is null) return perturbedLoss;
            perturbedLoss.Dispose();
            return loss;
        }
        finally
        {
            PutBack();
        }
    }

    private protected override Tensor Take(Func<Tensor> closure) => Step(closure);

    private protected override State CreateState(Parameter parameter, int index) => new(parameter, index);

    private Tensor Differentiate(Func<Tensor> closure, string pass, bool again)
    {
        var loss = Table.Evaluate(closure);
        if (Table.ReadGradients(perturbed: false))
            throw new InvalidOperationException("The closure called backward() itself. SASSHA differentiates the loss twice, and so must do that: return the loss alone.");
        Differentiation.RequireDifferentiable(loss).backward(retain_graph: again);
        Table.RequireGradients(pass, perturbed: false);
        return loss;
    }

    private void Climb()
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var (kernels, buckets) = (KernelSets.Default, Lists);
        var norm = buckets.Count == 1 ? kernels.Norm(buckets[0].AtWeights)
            : kernels.Norm(buckets.Select(list => kernels.Norm(list.AtWeights).to(ScalarType.Float64, buckets[0].Device)).ToArray());
        Weights.Move(buckets, () =>
        {
            foreach (var list in buckets)
            {
                var scale = kernels.Scale(norm, OptionsOf(list).Rho!.Value, NormFloor).to(list.Accumulator, list.Device);
                kernels.Perturb(list.Weights, list.Results, list.AtWeights, scale);
            }
        });
    }

    /// <summary>|z (H z)| of each parameter with a gradient, where the weights are.</summary>
    private void Estimate(Tensor loss, long number, SlotTensors diagonals)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var slots = Lists.SelectMany(list => list.Parameters).ToArray();
        var signs = Array.ConvertAll(slots, slot => _noise.Sample(slot, number, 0));
        var products = Diagonals is null ? Differentiation.HessianProduct(loss, Array.ConvertAll(slots, Tensor (slot) => slot.Parameter), signs) : [];
        for (var i = 0; i < slots.Length; i++)
            diagonals.Put(slots[i], (Diagonals?.Invoke(number, slots[i]) ?? (products[i] * signs[i]).abs()).to(StateOf(slots[i]).Precision, copy: true));
    }

    private void Update(long number, SlotTensors diagonals)
    {
        var estimates = diagonals.ByIndex.Values.GroupBy(diagonal => (diagonal.device.ToString(), diagonal.dtype)).Select(list => list.ToArray());
        if (SkippedLastStep = !AreFinite(Lists.Select(list => list.AtWeights).Concat(estimates))) return;
        var power = _power(number);
        foreach (var list in Lists)
        {
            for (var i = 0; i < list.Parameters.Count; i++)
            {
                var (gradient, diagonal) = (list.AtWeights[i], diagonals.Find(list.Parameters[i]));
                if (diagonal is null && StateOf(list.Parameters[i]).Correction is null) continue;
                Update(list.Parameters[i], (options, state, w) => Update(options, state, w, gradient, diagonal, power));
            }
        }
    }

    private static void Update(Options options, State state, Tensor w, Tensor gradient, Tensor? diagonal, double power)
    {
        var (beta1, beta2, lr) = (options.Beta1!.Value, options.Beta2!.Value, options.LearningRate!.Value);
        if (diagonal is not null)
        {
            state.Diagonal.mul_(beta2).add_(diagonal, alpha: 1 - beta2);
            state.Correct(Math.Pow(1 - Math.Pow(beta2, state.Attempts), power));
        }
        state.Momentum.mul_(beta1).add_(gradient, alpha: 1 - beta1);
        var curvature = state.Diagonal.pow(power) / state.Correction! + options.Epsilon!.Value;
        var rate = lr / (1 - Math.Pow(beta1, state.Attempts));
        w.copy_((w * (1 - (lr * options.WeightDecay!.Value))) - (state.Momentum / curvature * rate));
    }
}
