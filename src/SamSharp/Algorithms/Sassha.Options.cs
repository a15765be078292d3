using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Optimizers;

public sealed partial class Sassha
{
    /// <summary>The hyper-parameters of a group; what is null is taken from the optimizer when the group is added.</summary>
    public sealed class Options : GroupOptions
    {
        /// <summary>The radius. The gradient's norm is that of all groups together. Where every group's is 0, a step has one pass.</summary>
        public double? Rho { get; set; }

        /// <summary>Decay of the first moment, in [0, 1).</summary>
        public double? Beta1 { get; set; }

        /// <summary>Decay of the Hessian's diagonal, in [0, 1).</summary>
        public double? Beta2 { get; set; }

        /// <summary>Added to the power of the diagonal.</summary>
        public double? Epsilon { get; set; }

        /// <summary>Decoupled weight decay, multiplied by the learning rate.</summary>
        public double? WeightDecay { get; set; }

        private protected override double?[] Numbers
        {
            get => [Rho, Beta1, Beta2, Epsilon, WeightDecay];
            set => (Rho, Beta1, Beta2, Epsilon, WeightDecay) = (value[0], value[1], value[2], value[3], value[4]);
        }

        private protected override bool?[] Flags
        {
            get => [];
            set { }
        }

        internal override void Validate()
        {
            base.Validate();
            Require(Rho is >= 0 and < double.PositiveInfinity, "rho", Rho, "finite and not negative");
            Require(Beta1 is >= 0 and < 1, "beta1", Beta1, "in [0, 1)");
            Require(Beta2 is >= 0 and < 1, "beta2", Beta2, "in [0, 1)");
            Require(Epsilon is > 0 and < double.PositiveInfinity, "epsilon", Epsilon, "finite and above 0");
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

    /// <summary>What SASSHA remembers of one parameter.</summary>
    public sealed class State : TensorState
    {
        internal State(Parameter parameter, int index) : base(parameter, index, tensors: 3)
        {
        }

        /// <summary>m, the average of the gradients.</summary>
        public Tensor Momentum => Tensors[0]!;

        /// <summary>D, the average of the absolute values of the Hessian's diagonal.</summary>
        public Tensor Diagonal => Tensors[1]!;

        /// <summary>c, the correction of D's power for its beginning at 0 (no dimensions); null before the first estimate.</summary>
        public Tensor? Correction => Tensors[2];

        internal override void Prepare(OptimizerOptions options)
        {
            Make(0, _parameter.shape);
            Make(1, _parameter.shape);
        }

        internal void Correct(double correction) => Make(2, []).fill_(correction);
    }
}
