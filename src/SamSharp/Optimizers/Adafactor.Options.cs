using TorchSharp.Modules;

namespace SamSharp.Optimizers;

public sealed partial class Adafactor
{
    /// <summary>The hyperparameters of a group; null values come from the optimizer when the group is added.</summary>
    public sealed class Options : GroupOptions
    {
        /// <summary>Added to the squared gradient.</summary>
        public double? Epsilon1 { get; set; }

        /// <summary>Least root mean square of a parameter in parameter scaling.</summary>
        public double? Epsilon2 { get; set; }

        /// <summary>Largest root mean square of an update before the learning rate.</summary>
        public double? ClipThreshold { get; set; }

        /// <summary>Exponent of the step count in the decay of the second moment, at most 0.</summary>
        public double? DecayRate { get; set; }

        /// <summary>Decay of the first moment, in [0, 1); 0 keeps none.</summary>
        public double? Beta1 { get; set; }

        /// <summary>Decoupled weight decay.</summary>
        public double? WeightDecay { get; set; }

        /// <summary>Whether the learning rate is multiplied by the parameter's root mean square.</summary>
        public bool? ScaleParameter { get; set; }

        /// <summary>Whether the learning rate follows from the step count; if omitted, as in the optimizer,
        /// unless the group sets a learning rate.</summary>
        public bool? RelativeStep { get; set; }

        /// <summary>Whether the relative step starts at 1e-6 and grows linearly.</summary>
        public bool? WarmupInit { get; set; }

        /// <summary>The learning rate of a parameter's step t = 1, 2, ..., before parameter scaling.</summary>
        internal double RateAt(long t) => RelativeStep!.Value
            ? Math.Min(WarmupInit!.Value ? 1e-6 * t : 1e-2, 1 / Math.Sqrt(t))
            : LearningRate!.Value;

        private protected override double?[] Numbers
        {
            get => [Epsilon1, Epsilon2, ClipThreshold, DecayRate, Beta1, WeightDecay];
            set => (Epsilon1, Epsilon2, ClipThreshold, DecayRate, Beta1, WeightDecay) = (value[0], value[1], value[2], value[3], value[4], value[5]);
        }

        private protected override bool?[] Flags
        {
            get => [ScaleParameter, RelativeStep, WarmupInit];
            set => (ScaleParameter, RelativeStep, WarmupInit) = (value[0], value[1], value[2]);
        }

        internal override void FillFrom(GroupOptions defaults)
        {
            var others = (Options)defaults;
            RelativeStep ??= LearningRate is null && others.RelativeStep!.Value;
            WarmupInit ??= RelativeStep.Value && others.WarmupInit!.Value;
            if (!RelativeStep.Value) LearningRate ??= others.LearningRate;
            FillOthersFrom(others);
        }

        internal override void Validate()
        {
            if (RelativeStep!.Value && LearningRate is { } given)
                throw new ArgumentException(FormattableString.Invariant(
                    $"lr is {given} and relativeStep is true: a relative step computes its own learning rate; omit one of them."));
            if (!RelativeStep.Value && LearningRate is null)
                throw new ArgumentException("relativeStep is false and lr is missing: set a learning rate, or use the relative step.");
            if (WarmupInit!.Value && !RelativeStep.Value)
                throw new ArgumentException("warmupInit is true and relativeStep is false: only a relative step can warm up by itself.");
            Require(LearningRate is null or (>= 0 and < double.PositiveInfinity), "lr", LearningRate, "finite and not negative");
            Require(Epsilon1 is >= 0 and < double.PositiveInfinity, "epsilon1", Epsilon1, "finite and not negative");
            Require(Epsilon2 is >= 0 and < double.PositiveInfinity, "epsilon2", Epsilon2, "finite and not negative");
            Require(ClipThreshold is > 0, "clipThreshold", ClipThreshold, "positive");
            Require(DecayRate is <= 0 and > double.NegativeInfinity, "decayRate", DecayRate, "finite and not positive");
            Require(Beta1 is >= 0 and < 1, "beta1", Beta1, "in [0, 1), where 0 keeps no first moment");
            Require(WeightDecay is >= 0 and < double.PositiveInfinity, "weightDecay", WeightDecay, "finite and not negative");
        }

        /// <summary>With a relative step, the saved learning rate is the displayed one.</summary>
        internal override void ValidateLoaded()
        {
            var shown = LearningRate;
            if (RelativeStep!.Value) LearningRate = null;
            Validate();
            LearningRate = shown;
        }

        /// <summary>With a relative step, displays the rate of step t as the group's learning rate.</summary>
        internal override void Begin(long step)
        {
            if (RelativeStep!.Value) LearningRate = RateAt(step);
        }
    }

    /// <summary>Parameters that share their options.</summary>
    /// <param name="parameters">The parameters; omit them to set them in an initializer.</param>
    /// <param name="options">Their options; omitted values come from the optimizer.</param>
    public sealed class ParamGroup(IEnumerable<Parameter>? parameters = null, Options? options = null)
        : ParamGroup<Options>(parameters ?? [], options!);
}
