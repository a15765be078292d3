using SamSharp.Optimizers;
using SamSharp.Steps;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// bSAM: an Adam-like optimizer that learns a Gaussian posterior of the weights, with SAM as the relaxation of its objective
/// (Moellenhoff and Khan, "SAM as an Optimal Relaxation of Bayes", 2023; follows the authors' code, team-approx-bayes/bayesian-sam).
/// </summary>
/// <remarks>
/// <para>With weights w, precision s, and a separate draw z for each part of the batch:</para>
/// <code>
/// g = gradient at w + z / sqrt(N s)
/// h = gradient at w + rho g / s
/// m = beta1 m + (1 - beta1) (mean of h + weightDecay w)
/// w = w - lr m / s
/// s = beta2 s + (1 - beta2) (mean of sqrt(s) |g| + damping + weightDecay)      sqrt(s): before this line
/// </code>
/// <para>A step makes two passes for each part. In addition to the weights, the optimizer keeps m, s and a copy of the weights; a
/// step also sums two gradients. A parameter without a gradient is skipped. Running statistics of normalization layers see every
/// pass. A step whose losses and gradients are not all finite is skipped, and the check reads one value from the device. float16
/// and bfloat16 parameters have their state and arithmetic in float32. To draw weights from the posterior, add z / sqrt(N s), where
/// s is the state's tensor <c>precisions</c>. A step that throws changes nothing.</para>
/// </remarks>
public sealed class BSam : StatefulOptimizer, optim.IBetas
{
    private static readonly StateTensor[] Layout =
    [
        new("momentum") { IsMomentum = true },
        new("precisions") { Start = options => ((Options)options).InitialPrecision!.Value },
    ];

    private readonly PerturbedPasses _passes = new(nameof(BSam));
    private readonly INoise _noise;

    /// <inheritdoc cref="BSam(IEnumerable{ParamGroup}, double, double, double, double, double, double?, double, double, INoise?)"/>
    public BSam(IEnumerable<Parameter> parameters, double dataSize, double lr = 0.5, double rho = 0.1, double beta1 = 0.9, double beta2 = 0.999,
        double? weightDecay = null, double damping = 0.1, double initialPrecision = 1, INoise? noise = null)
        : this([new ParamGroup(parameters)], dataSize, lr, rho, beta1, beta2, weightDecay, damping, initialPrecision, noise)
    {
    }

    /// <summary>Creates the optimizer. The defaults follow the authors' code.</summary>
    /// <param name="parameters">The parameters, or groups of them; options that a group leaves out come from the arguments here.</param>
    /// <param name="dataSize">N, the number of training examples.</param>
    /// <param name="lr">Learning rate (0.5).</param>
    /// <param name="rho">The radius (0.1; the README's runs use 0.01).</param>
    /// <param name="beta1">Decay of the first moment, in [0, 1) (0.9).</param>
    /// <param name="beta2">Decay of the precision, in [0, 1) (0.999).</param>
    /// <param name="weightDecay">The prior's precision divided by N; if omitted, 25 / N.</param>
    /// <param name="damping">Added to every new estimate of the precision (0.1).</param>
    /// <param name="initialPrecision">s before the first step (1).</param>
    /// <param name="noise">The draws z, standard normal by default and determined by the step's and the part's number.</param>
    /// <exception cref="ArgumentException">A value is out of range, or a parameter appears twice.</exception>
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
        }, Layout) => _noise = noise ?? new GaussianNoise();

    /// <summary>Whether the last step was skipped because a loss or a gradient was not finite. Weights
    /// and state are then as before the step.</summary>
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

    /// <summary>Makes one step with one draw for the whole batch.</summary>
    /// <param name="closure">Computes the loss, calls <c>backward()</c> and returns the loss; called twice.</param>
    /// <returns>The loss at w + rho g / s, without history.</returns>
    /// <exception cref="InvalidOperationException">The closure left no gradient.</exception>
    public Tensor Step(Func<Tensor> closure) => Step([new BatchPart(closure)]);

    /// <summary>Makes one step with a draw for each part of the batch. The authors split theirs into 8 parts.</summary>
    /// <param name="parts">At least one part; each closure is called twice.</param>
    /// <returns>The weighted mean of the parts' losses at w + rho g / s, without history. The losses that the closures return are freed.</returns>
    /// <exception cref="ArgumentException">There is no part, or a weight is not a positive number.</exception>
    /// <exception cref="InvalidOperationException">A closure left no gradient, or a step is under way.</exception>
    public Tensor Step(IReadOnlyList<BatchPart> parts)
    {
        var whole = BatchPart.TotalWeight(parts);
        using var step = _passes.Begin();
        using SlotTensors gradients = new(), magnitudes = new();
        Tensor? loss = null, firstLoss = null;
        try
        {
            var number = StepsSoFar + 1;
            for (var draw = 0; draw < parts.Count; draw++)
            {
                var (closure, share) = (parts[draw].Closure, parts[draw].Weight / whole);
                _passes.Table.TakeUpAll();
                _passes.MoveTo((list, i, w) =>
                {
                    var variance = PrecisionsOf(list.Parameters[i]).Times(OptionsOf(list.Group).DataSize!.Value);
                    return w.Plus(_noise.Sample(list.Parameters[i], number, draw).div(variance.sqrt()));
                });
                LossMean.AddTo(ref firstLoss, Differentiate(closure, "first"), share);
                AddTo(magnitudes, (g, s) => s.sqrt().mul(g.abs()), share);
                _passes.MoveTo((list, i, w) =>
                    w.Plus(list.AtWeights[i].div(PrecisionsOf(list.Parameters[i])).Times(OptionsOf(list.Group).Rho!.Value)));
                LossMean.AddTo(ref loss, Differentiate(closure, "second"), share);
                AddTo(gradients, (h, _) => h, share);
            }
            Update(gradients, magnitudes, [firstLoss!, loss!]);
            step.End(made: !SkippedLastStep);
            (var result, loss) = (loss, null);
            return result!;
        }
        finally
        {
            loss?.Dispose();
            firstLoss?.Dispose();
        }
    }

    /// <summary>Makes one step, as <see cref="Step(Func{Tensor})"/> does.</summary>
    /// <exception cref="InvalidOperationException">There is no closure, which is needed at several points.</exception>
    public override Tensor step(Func<Tensor>? closure = null) => closure is null ? base.step() : Step(closure);

    private protected override void Adopt(TorchSharp.Modules.ParamGroup group) => _passes.Add(group);

    private Options OptionsOf(int group) => (Options)_parameter_groups[group].Options;

    private Tensor PrecisionsOf(ParameterSlot slot) => StateOf(slot.Parameter).At(1)!;

    /// <summary>Makes a pass at the present weights, then puts the weights back.</summary>
    private Tensor Differentiate(Func<Tensor> closure, string pass)
    {
        using var loss = _passes.Table.Evaluate(closure);
        _passes.Table.RequireGradients(pass, perturbed: false);
        _passes.Weights.Restore();
        return loss.detach();
    }

    /// <summary>Adds a share of what <paramref name="term"/> computes from gradient and precision.</summary>
    private void AddTo(SlotTensors sums, [InDisposeScope] Func<Tensor, Tensor, Tensor> term, double share)
    {
        using var noGradient = no_grad();
        foreach (var list in _passes.Lists)
        {
            for (var i = 0; i < list.Parameters.Count; i++)
            {
                using var scope = NewDisposeScope();
                var precisions = PrecisionsOf(list.Parameters[i]);
                sums.Of([list.Parameters[i]], _ => zeros_like(precisions))[0].IncreaseBy(term(list.AtWeights[i], precisions).Times(share));
            }
        }
    }

    private void Update(SlotTensors gradients, SlotTensors magnitudes, Tensor[] losses)
    {
        if (SkippedLastStep = !PerturbedPasses.AreFinite([.. gradients.ByIndex.Values, .. magnitudes.ByIndex.Values, .. losses])) return;
        using var noGradient = no_grad();
        foreach (var slot in _passes.Table.Slots)
        {
            if (gradients.Find(slot) is not { } gradient) continue;
            using var scope = NewDisposeScope();
            var options = OptionsOf(slot.Group);
            var state = BeginStep(slot.Parameter, options);
            var (w, m, s, decay) = (slot.Parameter, state.At(0)!, state.At(1)!, options.WeightDecay!.Value);
            m.MultiplyBy(options.Beta1!.Value).IncreaseBy(gradient.Plus(w.Times(decay)), 1 - options.Beta1.Value);
            w.copy_(w.sub(m.div(s).Times(options.LearningRate!.Value)));
            var magnitude = magnitudes.Find(slot) ?? zeros_like(s);
            s.MultiplyBy(options.Beta2!.Value).IncreaseBy(magnitude.Plus(options.Damping!.Value + decay), 1 - options.Beta2.Value);
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) _passes.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>The hyperparameters of a group; null values come from the optimizer when the group is added.</summary>
    public sealed class Options : GroupOptions
    {
        /// <summary>N, the number of training examples.</summary>
        public double? DataSize { get; set; }

        /// <summary>The radius; 0 leaves the weights unchanged in the second pass.</summary>
        public double? Rho { get; set; }

        /// <summary>Decay of the first moment, in [0, 1).</summary>
        public double? Beta1 { get; set; }

        /// <summary>Decay of the precision, in [0, 1).</summary>
        public double? Beta2 { get; set; }

        /// <summary>The prior's precision divided by N.</summary>
        public double? WeightDecay { get; set; }

        /// <summary>Added to every new estimate of the precision.</summary>
        public double? Damping { get; set; }

        /// <summary>The precision before the first step.</summary>
        public double? InitialPrecision { get; set; }

        internal (double, double) Betas
        {
            get => (Of(Beta1), Of(Beta2));
            set => (Beta1, Beta2) = value;
        }

        private protected override double?[] Numbers
        {
            get => [DataSize, Rho, Beta1, Beta2, WeightDecay, Damping, InitialPrecision];
            set => (DataSize, Rho, Beta1, Beta2, WeightDecay, Damping, InitialPrecision) =
                (value[0], value[1], value[2], value[3], value[4], value[5], value[6]);
        }

        internal override void Validate()
        {
            base.Validate();
            Require(DataSize is > 0 and < double.PositiveInfinity, "dataSize", DataSize, "finite and above 0");
            Require(Rho is >= 0 and < double.PositiveInfinity, "rho", Rho, "finite and not negative");
            Require(Beta1 is >= 0 and < 1, "beta1", Beta1, "in [0, 1)");
            Require(Beta2 is >= 0 and < 1, "beta2", Beta2, "in [0, 1)");
            Require(WeightDecay is >= 0 and < double.PositiveInfinity, "weightDecay", WeightDecay, "finite and not negative");
            Require(Damping is >= 0 and < double.PositiveInfinity, "damping", Damping, "finite and not negative");
            Require(InitialPrecision is > 0 and <= float.MaxValue, "initialPrecision", InitialPrecision,
                "above 0 and at most 3.4e38, the largest of float32");
        }
    }

    /// <summary>Parameters that share their options.</summary>
    /// <param name="parameters">The parameters; omit them to set them in an initializer.</param>
    /// <param name="options">Their options; omitted values come from the optimizer.</param>
    public sealed class ParamGroup(IEnumerable<Parameter>? parameters = null, Options? options = null)
        : ParamGroup<Options>(parameters ?? [], options!), optim.IBetas
    {
        /// <inheritdoc/>
        public (double, double) Betas
        {
            get => GroupOptions.Of(Options).Betas;
            set => GroupOptions.Of(Options).Betas = value;
        }
    }
}
