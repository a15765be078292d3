using SamSharp.Optimizers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp;

/// <content>Options and groups.</content>
public sealed partial class Sassha
{
    /// <summary>The hyperparameters of a group; null values come from the optimizer when the group is added.</summary>
    public sealed class Options : GroupOptions
    {
        /// <summary>The radius. The gradient's norm is taken over all groups together. If every group's radius is 0, a step has one pass.</summary>
        public double? Rho { get; set; }

        /// <summary>Decay of the first moment, in [0, 1).</summary>
        public double? Beta1 { get; set; }

        /// <summary>Decay of the Hessian's diagonal, in [0, 1).</summary>
        public double? Beta2 { get; set; }

        /// <summary>Added to the power of the diagonal.</summary>
        public double? Epsilon { get; set; }

        /// <summary>Decoupled weight decay, multiplied by the learning rate.</summary>
        public double? WeightDecay { get; set; }

        internal (double, double) Betas
        {
            get => (Of(Beta1), Of(Beta2));
            set => (Beta1, Beta2) = value;
        }

        private protected override double?[] Numbers
        {
            get => [Rho, Beta1, Beta2, Epsilon, WeightDecay];
            set => (Rho, Beta1, Beta2, Epsilon, WeightDecay) = (value[0], value[1], value[2], value[3], value[4]);
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
