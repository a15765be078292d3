using TorchSharp.Modules;

namespace SamSharp.Optimizers;

public sealed partial class Adafactor
{
    private const byte FormatVersion = 1;

    /// <summary>The hyper-parameters of a group; what is null is taken from the optimizer when the group is added.</summary>
    public class Options : OptimizerOptions
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

        /// <summary>Whether the learning rate follows from the step count. Left out: as the optimizer, unless the group has a learning rate.</summary>
        public bool? RelativeStep { get; set; }

        /// <summary>Whether the relative step starts at 1e-6 and grows linearly.</summary>
        public bool? WarmupInit { get; set; }

        /// <summary>The learning rate of a parameter's step t = 1, 2, ..., before parameter scaling.</summary>
        internal double RateAt(long t) => RelativeStep!.Value
            ? Math.Min(WarmupInit!.Value ? 1e-6 * t : 1e-2, 1 / Math.Sqrt(t))
            : LearningRate!.Value;

        internal void FillFrom(Options defaults)
        {
            RelativeStep ??= LearningRate is null && defaults.RelativeStep!.Value;
            if (!RelativeStep.Value) LearningRate ??= defaults.LearningRate;
            Epsilon1 ??= defaults.Epsilon1;
            Epsilon2 ??= defaults.Epsilon2;
            ClipThreshold ??= defaults.ClipThreshold;
            DecayRate ??= defaults.DecayRate;
            Beta1 ??= defaults.Beta1;
            WeightDecay ??= defaults.WeightDecay;
            ScaleParameter ??= defaults.ScaleParameter;
            WarmupInit ??= RelativeStep.Value && defaults.WarmupInit!.Value;
        }

        internal void Validate()
        {
            if (RelativeStep!.Value && LearningRate is { } given)
                throw new ArgumentException(FormattableString.Invariant($"lr is {given} and relativeStep is true: a relative step makes its own learning rate; leave one of them out."));
            if (!RelativeStep.Value && LearningRate is null)
                throw new ArgumentException("relativeStep is false and lr is missing: give a learning rate, or take the relative step.");
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

        private static void Require(bool holds, string name, double? value, string rule)
        {
            if (!holds) throw new ArgumentException(FormattableString.Invariant($"{name} is {value}; it must be {rule}."));
        }

        /// <summary>With a relative step, shows the rate of step t as the group's learning rate.</summary>
        internal void ReportLearningRate(long t)
        {
            if (RelativeStep!.Value) LearningRate = RateAt(t);
        }

        /// <inheritdoc/>
        public override void SaveStateDict(BinaryWriter writer)
        {
            base.SaveStateDict(writer);
            writer.Write(FormatVersion);
            foreach (var number in new[] { Epsilon1, Epsilon2, ClipThreshold, DecayRate, Beta1, WeightDecay }) writer.Write(number!.Value);
            foreach (var flag in new[] { ScaleParameter, RelativeStep, WarmupInit }) writer.Write(flag!.Value);
        }

        /// <inheritdoc/>
        /// <exception cref="InvalidDataException">The data were written in another format.</exception>
        public override void LoadStateDict(BinaryReader reader)
        {
            base.LoadStateDict(reader);
            var version = reader.ReadByte();
            if (version != FormatVersion)
                throw new InvalidDataException($"The saved Adafactor state has format {version}; this version of SamSharp reads format {FormatVersion}.");
            (Epsilon1, Epsilon2, ClipThreshold) = (reader.ReadDouble(), reader.ReadDouble(), reader.ReadDouble());
            (DecayRate, Beta1, WeightDecay) = (reader.ReadDouble(), reader.ReadDouble(), reader.ReadDouble());
            (ScaleParameter, RelativeStep, WarmupInit) = (reader.ReadBoolean(), reader.ReadBoolean(), reader.ReadBoolean());
        }

        /// <inheritdoc/>
        /// <exception cref="ArgumentException">The options are another optimizer's.</exception>
        public override void LoadStateDict(OptimizerOptions source)
        {
            if (source is not Options options) throw new ArgumentException($"The options are {source?.GetType()}; Adafactor needs Adafactor.Options.");
            base.LoadStateDict(source);
            (Epsilon1, Epsilon2, ClipThreshold) = (options.Epsilon1, options.Epsilon2, options.ClipThreshold);
            (DecayRate, Beta1, WeightDecay) = (options.DecayRate, options.Beta1, options.WeightDecay);
            (ScaleParameter, RelativeStep, WarmupInit) = (options.ScaleParameter, options.RelativeStep, options.WarmupInit);
        }
    }

    /// <summary>Parameters that share their options.</summary>
    public class ParamGroup : ParamGroup<Options>
    {
        /// <summary>An empty group, to be filled by an initializer.</summary>
        public ParamGroup()
        {
        }

        /// <summary>A group of parameters; options left out are the optimizer's.</summary>
        public ParamGroup(IEnumerable<Parameter> parameters, Options? options = null) : base(parameters, options!)
        {
        }
    }
}
