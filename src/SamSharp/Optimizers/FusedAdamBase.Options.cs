using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Optimizers;

public abstract partial class FusedAdamBase
{
    /// <summary>The hyper-parameters of a group; what is null is taken from the optimizer when the group is added.</summary>
    public sealed class Options : GroupOptions
    {
        /// <summary>Decay of the first moment, in [0, 1).</summary>
        public double? Beta1 { get; set; }

        /// <summary>Decay of the second moment, in [0, 1).</summary>
        public double? Beta2 { get; set; }

        /// <summary>Added to the root of the second moment.</summary>
        public double? Epsilon { get; set; }

        /// <summary>Weight decay: decoupled in <see cref="FusedAdamW"/>, part of the gradient in <see cref="FusedAdam"/>.</summary>
        public double? WeightDecay { get; set; }

        /// <summary>Whether the largest second moment so far takes the place of the current one.</summary>
        public bool? AmsGrad { get; set; }

        /// <summary>Whether to climb the gradient in place of descending it.</summary>
        public bool? Maximize { get; set; }

        private protected override double?[] Numbers
        {
            get => [Beta1, Beta2, Epsilon, WeightDecay];
            set => (Beta1, Beta2, Epsilon, WeightDecay) = (value[0], value[1], value[2], value[3]);
        }

        private protected override bool?[] Flags
        {
            get => [AmsGrad, Maximize];
            set => (AmsGrad, Maximize) = (value[0], value[1]);
        }

        internal override void Validate()
        {
            base.Validate();
            Require(Beta1 is >= 0 and < 1, "beta1", Beta1, "in [0, 1)");
            Require(Beta2 is >= 0 and < 1, "beta2", Beta2, "in [0, 1)");
            Require(Epsilon is >= 0 and < double.PositiveInfinity, "epsilon", Epsilon, "finite and not negative");
            Require(WeightDecay is >= 0 and < double.PositiveInfinity, "weightDecay", WeightDecay, "finite and not negative");
        }
    }

    /// <summary>Parameters that share their options.</summary>
    public class ParamGroup : ParamGroup<Options>, optim.IBetas
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
        public (double, double) Betas
        {
            get => (Options.Beta1!.Value, Options.Beta2!.Value);
            set => (Options.Beta1, Options.Beta2) = value;
        }
    }

    /// <summary>The moments of one parameter, in float32, or in float64 for a float64 parameter.</summary>
    public sealed class State : FusedState
    {
        internal State(Parameter parameter, int index) : base(parameter, index, tensors: 3)
        {
        }

        /// <summary>First moment.</summary>
        public Tensor ExpAvg => Make(0);

        /// <summary>Second moment.</summary>
        public Tensor ExpAvgSq => Make(1);

        /// <summary>Largest second moment so far, where AMSGrad asks for it.</summary>
        public Tensor? MaxExpAvgSq => Tensors[2];

        internal override long Stage => Attempts + 1;

        internal override void Prepare(OptimizerOptions options)
        {
            Make(0);
            Make(1);
            if (((Options)options).AmsGrad == true) Make(2);
        }
    }
}
