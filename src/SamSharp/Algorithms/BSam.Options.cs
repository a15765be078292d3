using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Optimizers;

public sealed partial class BSam
{
    /// <summary>The hyper-parameters of a group; what is null is taken from the optimizer when the group is added.</summary>
    public sealed class Options : GroupOptions
    {
        /// <summary>N, the number of training examples.</summary>
        public double? DataSize { get; set; }

        /// <summary>The radius; 0 leaves the weights where they are in the second pass.</summary>
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

        private protected override double?[] Numbers
        {
            get => [DataSize, Rho, Beta1, Beta2, WeightDecay, Damping, InitialPrecision];
            set => (DataSize, Rho, Beta1, Beta2, WeightDecay, Damping, InitialPrecision) = (value[0], value[1], value[2], value[3], value[4], value[5], value[6]);
        }

        private protected override bool?[] Flags
        {
            get => [];
            set { }
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
            Require(InitialPrecision is > 0 and < double.PositiveInfinity, "initialPrecision", InitialPrecision, "finite and above 0");
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

    /// <summary>The posterior of one parameter beside its mean, the weights.</summary>
    public sealed class State : TensorState
    {
        internal State(Parameter parameter, int index) : base(parameter, index, tensors: 2)
        {
        }

        /// <summary>m, the average of the gradients.</summary>
        public Tensor Momentum => Tensors[0]!;

        /// <summary>s: the posterior's variance is 1 / (N s).</summary>
        public Tensor Precisions => Tensors[1]!;

        internal override void Prepare(OptimizerOptions options)
        {
            if (Tensors[1] is not null) return;
            Make(0, _parameter.shape);
            Make(1, _parameter.shape).fill_(((Options)options).InitialPrecision!.Value);
        }
    }
}
