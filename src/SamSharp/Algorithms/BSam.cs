using SamSharp.Steps;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Optimizers;

/// <summary>
/// bSAM: an Adam-like optimizer that learns a Gaussian posterior of the weights, with SAM as the relaxation of its objective
/// (Moellenhoff and Khan, "SAM as an Optimal Relaxation of Bayes", 2023; follows the authors' code, team-approx-bayes/bayesian-sam).
/// </summary>
/// <remarks>
/// <para>With weights w, precision s, and for each part of the batch a draw z of its own:</para>
/// <code>
/// g = gradient at w + z / sqrt(N s)
/// h = gradient at w + rho g / s
/// m = beta1 m + (1 - beta1) (mean of h + weightDecay w)
/// w = w - lr m / s
/// s = beta2 s + (1 - beta2) (mean of sqrt(s) |g| + damping + weightDecay)      sqrt(s): before this line
/// </code>
/// <para>Two passes for each part. Beside the weights it keeps m and s, and a copy of the weights; a step also sums up two gradients. A parameter without gradient is skipped.
/// float16 and bfloat16 parameters have their state and arithmetic in float32. To draw weights from the posterior add z / sqrt(N s), see <see cref="State.Precisions"/>.</para>
/// </remarks>
public sealed partial class BSam : PerturbingOptimizer<BSam.Options, BSam.State>, optim.IBetas
{
    private readonly INoise _noise;

    /// <inheritdoc cref="BSam(IEnumerable{ParamGroup}, double, double, double, double, double, double?, double, double, INoise?)"/>
    public BSam(IEnumerable<Parameter> parameters, double dataSize, double lr = 0.5, double rho = 0.1, double beta1 = 0.9, double beta2 = 0.999,
        double? weightDecay = null, double damping = 0.1, double initialPrecision = 1, INoise? noise = null)
        : this([new ParamGroup(parameters)], dataSize, lr, rho, beta1, beta2, weightDecay, damping, initialPrecision, noise)
    {
    }

    /// <summary>Creates the optimizer. The defaults are the authors' code's.</summary>
    /// <param name="parameters">The parameters, or groups of them; what a group's options leave out is filled in from the arguments here.</param>
    /// <param name="dataSize">N, the number of training examples.</param>
    /// <param name="lr">Learning rate (0.5).</param>
    /// <param name="rho">The radius (0.1; the README's runs have 0.01).</param>
    /// <param name="beta1">Decay of the first moment, in [0, 1) (0.9).</param>
    /// <param name="beta2">Decay of the precision, in [0, 1) (0.999).</param>
    /// <param name="weightDecay">The prior's precision divided by N; left out: 25 / N.</param>
    /// <param name="damping">Added to every new estimate of the precision (0.1).</param>
    /// <param name="initialPrecision">s before the first step (1).</param>
    /// <param name="noise">The draws z, standard normal ones by default, which follow from the step's number and the part's.</param>
    /// <exception cref="ArgumentException">A value is out of its range, or a parameter appears twice.</exception>
    public BSam(IEnumerable<ParamGroup> parameters, double dataSize, double lr = 0.5, double rho = 0.1, double beta1 = 0.9, double beta2 = 0.999,
        double? weightDecay = null, double damping = 0.1, double initialPrecision = 1, INoise? noise = null)
        : base(parameters, new Options
        {
            LearningRate = lr,
            DataSize = dataSize,
            Rho = rho,
            Beta1 = beta1,
            Beta2 = beta2,
            WeightDecay = weightDecay ?? 25 / dataSize,
            Damping = damping,
            InitialPrecision = initialPrecision,
        }) => _noise = noise ?? new GaussianNoise();

    /// <summary>The betas that groups added from now on take where they have none of their own.</summary>
    public (double, double) Betas
    {
        get => (Defaults.Beta1!.Value, Defaults.Beta2!.Value);
        set => (Defaults.Beta1, Defaults.Beta2) = value;
    }

    /// <summary>One step with one draw for the whole batch.</summary>
    /// <param name="closure">Computes the loss, calls <c>backward()</c> and returns the loss; called twice.</param>
    /// <returns>The loss at w + rho g / s, without history.</returns>
    /// <exception cref="InvalidOperationException">The closure left no gradient.</exception>
    public Tensor Step(Func<Tensor> closure) => Step([new BatchPart(closure)]);

    /// <summary>One step with a draw for each part of the batch. The authors make 8 parts of theirs.</summary>
    /// <param name="parts">At least one; their closures are called twice each.</param>
    /// <returns>The weighted mean of the parts' losses at w + rho g / s, without history. The closures' own losses are freed.</returns>
    /// <exception cref="ArgumentException">There is no part, or a weight is not a positive number.</exception>
    /// <exception cref="InvalidOperationException">A closure left no gradient.</exception>
    public Tensor Step(IReadOnlyList<BatchPart> parts)
    {
        var whole = BatchPart.TotalWeight(parts);
        using SlotTensors gradients = new(), magnitudes = new();
        Tensor? loss = null;
        try
        {
            var number = Number;
            for (var draw = 0; draw < parts.Count; draw++)
            {
                var (closure, share) = (parts[draw].Closure, parts[draw].Weight / whole);
                Table.TakeUpAll();
                MoveTo((list, i, w) => w + (_noise.Sample(list.Parameters[i], number, draw) / (StateOf(list.Parameters[i]).Precisions * OptionsOf(list).DataSize!.Value).sqrt()));
                Differentiate(closure, "first").Dispose();
                AddTo(magnitudes, (g, s) => s.sqrt() * g.abs(), share);
                MoveTo((list, i, w) => w + (list.AtWeights[i] / StateOf(list.Parameters[i]).Precisions * OptionsOf(list).Rho!.Value));
                BatchPart.AddTo(ref loss, Differentiate(closure, "second"), share);
                AddTo(gradients, (h, _) => h, share);
            }
            Update(gradients, magnitudes);
            (var result, loss) = (loss, null);
            return result!;
        }
        finally
        {
            PutBack();
            loss?.Dispose();
        }
    }

    private protected override Tensor Take(Func<Tensor> closure) => Step(closure);

    private protected override State CreateState(Parameter parameter, int index) => new(parameter, index);

    /// <summary>A pass where the weights are; afterwards they are back.</summary>
    private Tensor Differentiate(Func<Tensor> closure, string pass)
    {
        using var loss = Table.Evaluate(closure);
        Table.RequireGradients(pass, perturbed: false);
        Weights.Restore();
        return loss.detach();
    }

    /// <summary>Adds a share of what <paramref name="term"/> makes of gradient and precision.</summary>
    private void AddTo(SlotTensors sums, Func<Tensor, Tensor, Tensor> term, double share)
    {
        using var noGradient = no_grad();
        foreach (var list in Lists)
        {
            for (var i = 0; i < list.Parameters.Count; i++)
            {
                using var scope = NewDisposeScope();
                var precisions = StateOf(list.Parameters[i]).Precisions;
                sums.Of([list.Parameters[i]], _ => zeros_like(precisions))[0].add_(term(list.AtWeights[i], precisions) * share);
            }
        }
    }

    private void Update(SlotTensors gradients, SlotTensors magnitudes)
    {
        var sums = new[] { gradients, magnitudes }.SelectMany(of => of.ByIndex.Values).GroupBy(sum => (sum.device.ToString(), sum.dtype)).Select(list => list.ToArray());
        if (SkippedLastStep = !AreFinite(sums)) return;
        foreach (var slot in Table.Slots.Where(slot => gradients.Find(slot) is not null))
        {
            Update(slot, (options, state, w) =>
            {
                var decay = options.WeightDecay!.Value;
                state.Momentum.mul_(options.Beta1!.Value).add_(gradients.Find(slot)! + (w * decay), alpha: 1 - options.Beta1.Value);
                w.copy_(w - (state.Momentum / state.Precisions * options.LearningRate!.Value));
                var magnitude = magnitudes.Find(slot) ?? zeros_like(w);
                state.Precisions.mul_(options.Beta2!.Value).add_(magnitude + (options.Damping!.Value + decay), alpha: 1 - options.Beta2.Value);
            });
        }
    }
}
