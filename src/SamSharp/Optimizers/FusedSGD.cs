using System.Numerics;
using SamSharp.Kernels;
using SamSharp.Kernels.Vectorized;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Optimizers;

/// <summary>
/// Stochastic gradient descent with momentum (Nesterov's as in Sutskever et al. 2013, "On the importance of initialization and momentum in
/// deep learning") in one pass over the memory of weights, gradients and state.
/// </summary>
/// <remarks>
/// <para>For one parameter w with gradient g (its negative to maximize):</para>
/// <code>
/// g = g + weightDecay w
/// b = g                                    with momentum, the first time
/// b = momentum b + (1 - dampening) g       later
/// d = b, or g + momentum b (Nesterov), or g (no momentum)
/// w = w - lr d
/// </code>
/// <para>The semantics are PyTorch's. The state is float32 for float16 and bfloat16 parameters, which are updated on a copy that lives as
/// long as the step, as are parameters that are not contiguous. A parameter without a gradient is skipped: neither its state nor its step
/// counter moves. A step reads nothing from the device.</para>
/// </remarks>
public sealed class FusedSGD : StatefulOptimizer, optim.IMomentum
{
    /// <inheritdoc cref="FusedSGD(IEnumerable{ParamGroup}, double, double, double, double, bool, bool)"/>
    public FusedSGD(IEnumerable<Parameter> parameters, double lr, double momentum = 0, double dampening = 0, double weightDecay = 0,
        bool nesterov = false, bool maximize = false)
        : this([new ParamGroup(parameters)], lr, momentum, dampening, weightDecay, nesterov, maximize)
    {
    }

    /// <summary>Creates the optimizer.</summary>
    /// <param name="parameters">The parameters, or groups of them; options that a group leaves out come from the arguments here.</param>
    /// <param name="lr">Learning rate.</param>
    /// <param name="momentum">Decay of the momentum buffer, at least 0 (0: none is kept).</param>
    /// <param name="dampening">Share of each gradient except the first that the momentum buffer leaves out (0).</param>
    /// <param name="weightDecay">Weight decay, added to the gradient as an L2 penalty (0).</param>
    /// <param name="nesterov">Whether the step looks ahead along the momentum; needs momentum and no dampening (false).</param>
    /// <param name="maximize">Whether to ascend along the gradient instead of descending (false).</param>
    /// <exception cref="ArgumentException">A value is out of range, or a parameter appears twice.</exception>
    public FusedSGD(IEnumerable<ParamGroup> parameters, double lr, double momentum = 0, double dampening = 0, double weightDecay = 0,
        bool nesterov = false, bool maximize = false)
        : base(parameters, new Options
        {
            LearningRate = lr,
            Momentum = momentum,
            Dampening = dampening,
            WeightDecay = weightDecay,
            Nesterov = nesterov,
            Maximize = maximize,
        }, new Rule())
    {
    }

    /// <summary>The momentum of groups added from now on that do not set their own.</summary>
    public double Momentum
    {
        get => ((Options)_defaults).Momentum!.Value;
        set => ((Options)_defaults).Momentum = value;
    }

    /// <summary>Copies options and state to TorchSharp's SGD, so that training goes on there. The other direction is
    /// <c>fused.load_state_dict(sgd.state_dict())</c>.</summary>
    /// <param name="optimizer">An optimizer with groups and parameters of the same shapes, in the same order.</param>
    /// <exception cref="ArgumentException">The groups or shapes differ; nothing has changed.</exception>
    public void CopyStateTo(SGD optimizer) => CopyStateToTwin(optimizer);

    /// <summary>The hyperparameters of a group; null values come from the optimizer when the group is added.</summary>
    public sealed class Options : GroupOptions
    {
        /// <summary>Decay of the momentum buffer; 0 keeps none.</summary>
        public double? Momentum { get; set; }

        /// <summary>Share of each gradient except the first that the momentum buffer leaves out.</summary>
        public double? Dampening { get; set; }

        /// <summary>Weight decay, added to the gradient as an L2 penalty; to maximize as TorchSharp's SGD does, which lets weights grow,
        /// it may be negative.</summary>
        public double? WeightDecay { get; set; }

        /// <summary>Whether the step looks ahead along the momentum.</summary>
        public bool? Nesterov { get; set; }

        /// <summary>Whether to ascend along the gradient instead of descending.</summary>
        public bool? Maximize { get; set; }

        private protected override double?[] Numbers
        {
            get => [Momentum, Dampening, WeightDecay];
            set => (Momentum, Dampening, WeightDecay) = (value[0], value[1], value[2]);
        }

        private protected override bool?[] Flags
        {
            get => [Nesterov, Maximize];
            set => (Nesterov, Maximize) = (value[0], value[1]);
        }

        internal override LinearStep? NextStep =>
            Nesterov == true || Maximize == true || Dampening != 0 ? null : new(Momentum!.Value, WeightDecay!.Value);

        internal override void Validate()
        {
            base.Validate();
            Require(Momentum is >= 0 and < double.PositiveInfinity, "momentum", Momentum, "finite and not negative");
            Require(Dampening is { } dampening && double.IsFinite(dampening), "dampening", Dampening, "finite");
            Require(WeightDecay is { } decay && double.IsFinite(decay) && (decay >= 0 || Maximize == true), "weightDecay", WeightDecay,
                "finite and not negative");
            if (Nesterov!.Value && (Momentum == 0 || Dampening != 0))
                throw new ArgumentException(FormattableString.Invariant($"nesterov is true, momentum {Momentum} and dampening {Dampening}: ") +
                    "Nesterov's momentum needs a positive momentum and no dampening.");
        }
    }

    /// <summary>Parameters that share their options.</summary>
    /// <param name="parameters">The parameters; omit them to set them in an initializer.</param>
    /// <param name="options">Their options; omitted values come from the optimizer.</param>
    public sealed class ParamGroup(IEnumerable<Parameter>? parameters = null, Options? options = null)
        : ParamGroup<Options>(parameters ?? [], options!), optim.IMomentum
    {
        /// <inheritdoc/>
        public double Momentum
        {
            get => GroupOptions.Of(GroupOptions.Of(Options).Momentum);
            set => GroupOptions.Of(Options).Momentum = value;
        }
    }

    private sealed class Rule : UpdateRule
    {
        private const long First = 0, Later = 1;

        /// <summary>A missing buffer marks the first step with momentum.</summary>
        private static readonly StateTensor[] Layout =
        [
            new("momentum_buffer") { IsMomentum = true, BeginsLater = true, IsKept = options => ((Options)options).Momentum > 0 },
        ];

        private static readonly TorchScript Script = new("""
            def sgd(w: List[Tensor], g: List[Tensor], b: List[Tensor], lr: float, momentum: float, dampening: float, weight_decay: float,
                    nesterov: bool, maximize: bool, is_first_step: bool, found_inf: Optional[Tensor]):
                torch._fused_sgd_(w, g, b, weight_decay=weight_decay, momentum=momentum, lr=lr, dampening=dampening, nesterov=nesterov,
                                  maximize=maximize, is_first_step=is_first_step, grad_scale=None, found_inf=found_inf)
            """);

        public override StateTensor[] Tensors => Layout;

        public override TorchTwin Twin => SgdTwin.Instance;

        public override long StageOf(ParameterState state) => state.At(0) is null ? First : Later;

        /// <summary>A new buffer takes the whole gradient; if that step were skipped, the next one would not know that it is the first.</summary>
        public override bool MustKnow(UpdateBatch batch) => batch.Stage == First && batch.Options is Options { Momentum: > 0, Dampening: not 0 };

        public override bool UpdateMemory(UpdateBatch batch, TensorMemory memory)
        {
            if (memory.Dtype == ScalarType.Float64) batch.Map<double, SgdStep<double>>(memory, StepOf<double>(batch));
            else batch.Map(memory, StepOf<float>(batch));
            return true;
        }

        private static unsafe Func<Piece, SgdStep<T>> StepOf<T>(UpdateBatch batch) where T : unmanaged, IFloatingPointIeee754<T>
        {
            var options = (Options)batch.Options;
            var numbers = new SgdNumbers<T>(options, batch.Stage == First);
            var buffer = options.Momentum > 0 ? batch.MemoryOf(0) : null;
            return piece => new(numbers, buffer is null ? null : buffer.At<T>(0, piece));
        }

        public override void UpdateByOperators(UpdateBatch batch, Tensor? foundInf)
        {
            var options = (Options)batch.Options;
            Script.Run("sgd",
            [
                batch.Weights, batch.Gradients, options.Momentum > 0 ? batch.Of(0) : [],
                options.LearningRate!.Value, options.Momentum!.Value, options.Dampening!.Value, options.WeightDecay!.Value,
                options.Nesterov!.Value, options.Maximize!.Value, batch.Stage == First, foundInf!,
            ]);
        }

        protected override void Update(UpdateBatch batch, int place)
        {
            var options = (Options)batch.Options;
            var w = batch.Weights[place];
            var change = (options.Maximize!.Value ? batch.Gradients[place].neg() : batch.Gradients[place]).Plus(w, options.WeightDecay!.Value);
            if (options.Momentum!.Value is > 0 and var momentum)
            {
                var buffer = batch.Of(0)[place];
                if (batch.Stage == First) buffer.copy_(change);
                else buffer.MultiplyBy(momentum).IncreaseBy(change, 1 - options.Dampening!.Value);
                change = options.Nesterov!.Value ? change.Plus(buffer, momentum) : buffer;
            }
            w.IncreaseBy(change, -options.LearningRate!.Value);
        }
    }
}
