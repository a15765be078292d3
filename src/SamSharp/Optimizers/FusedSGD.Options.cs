using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Optimizers;

public sealed partial class FusedSGD
{
    /// <summary>The hyper-parameters of a group; what is null is taken from the optimizer when the group is added.</summary>
    public sealed class Options : GroupOptions
    {
        /// <summary>Decay of the momentum buffer; 0 keeps none.</summary>
        public double? Momentum { get; set; }

        /// <summary>Share of each gradient but the first that the momentum buffer leaves out.</summary>
        public double? Dampening { get; set; }

        /// <summary>Weight decay, added to the gradient as an L2 penalty.</summary>
        public double? WeightDecay { get; set; }

        /// <summary>Whether the step looks ahead along the momentum.</summary>
        public bool? Nesterov { get; set; }

        /// <summary>Whether to climb the gradient in place of descending it.</summary>
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

        internal override void Validate()
        {
            base.Validate();
            Require(Momentum is >= 0 and < double.PositiveInfinity, "momentum", Momentum, "finite and not negative");
            Require(Dampening is { } dampening && double.IsFinite(dampening), "dampening", Dampening, "finite");
            Require(WeightDecay is >= 0 and < double.PositiveInfinity, "weightDecay", WeightDecay, "finite and not negative");
            if (Nesterov!.Value && (Momentum == 0 || Dampening != 0))
                throw new ArgumentException(FormattableString.Invariant(
                    $"nesterov is true, momentum {Momentum} and dampening {Dampening}: Nesterov's momentum needs a positive momentum and no dampening."));
        }
    }

    /// <summary>Parameters that share their options.</summary>
    public class ParamGroup : ParamGroup<Options>, optim.IMomentum
    {
        /// <summary>An empty group, to be filled by an initializer.</summary>
        public ParamGroup()
        {
        }

        /// <summary>A group of parameters; options left out are the optimizer's.</summary>
        public ParamGroup(IEnumerable<Parameter> parameters, Options? options = null) : base(parameters, options!)
        {
        }

        /// <inheritdoc/>
        public double Momentum
        {
            get => Options.Momentum!.Value;
            set => Options.Momentum = value;
        }
    }

    /// <summary>The momentum of one parameter, in float32, or in float64 for a float64 parameter.</summary>
    public sealed class State : FusedState
    {
        internal const long First = 0, Later = 1;

        internal State(Parameter parameter, int index) : base(parameter, index, tensors: 1)
        {
        }

        /// <summary>Momentum buffer; null before the first step with momentum.</summary>
        public Tensor? MomentumBuffer => Tensors[0];

        internal override long Stage => MomentumBuffer is null ? First : Later;

        /// <summary>Nothing before the first step, which is told by the missing buffer.</summary>
        public override void Initialize(OptimizerOptions options) => Clear();

        internal override void Prepare(OptimizerOptions options)
        {
            if (((Options)options).Momentum > 0) Make(0);
        }
    }
}
