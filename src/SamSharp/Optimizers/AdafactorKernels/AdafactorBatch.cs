using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Optimizers.AdafactorKernels;

/// <summary>A parameter with a gradient, and its state.</summary>
internal readonly record struct AdafactorSlot(Parameter Weight, Tensor Gradient, Adafactor.State State);

/// <summary>Parameters of one group that are at the same step t, hence share every number of the update.</summary>
internal sealed class AdafactorBatch(Adafactor.Options options, long t)
{
    public List<AdafactorSlot> Slots { get; init; } = [];

    /// <summary>Learning rate before parameter scaling.</summary>
    public double Rate { get; } = options.RateAt(t);

    /// <summary>Decay b of the second moment: 0 at the first step, so that the state starts without bias.</summary>
    public double Decay { get; } = 1 - Math.Pow(t, options.DecayRate!.Value);

    public double Epsilon1 => options.Epsilon1!.Value;

    public double Epsilon2 => options.Epsilon2!.Value;

    public double ClipThreshold => options.ClipThreshold!.Value;

    public double Beta1 => options.Beta1!.Value;

    public double WeightDecay => options.WeightDecay!.Value;

    public bool ScalesParameters => options.ScaleParameter!.Value;

    public AdafactorBatch With(List<AdafactorSlot> slots) => new(options, t) { Slots = slots };

    /// <summary>The batches of a group: as a rule one, more where some parameters have missed steps.</summary>
    /// <exception cref="NotSupportedException">A gradient is sparse.</exception>
    public static IEnumerable<AdafactorBatch> Gather(IEnumerable<Parameter> parameters, Func<Parameter, Adafactor.State> stateOf, Adafactor.Options options)
    {
        var batches = new SortedDictionary<long, AdafactorBatch>();
        foreach (var parameter in parameters)
        {
            if (parameter.IsInvalid)
                throw new InvalidOperationException("A parameter of this optimizer has been disposed; model.to(...) replaces parameters: make the optimizer after it.");
            if (parameter.grad is not { } gradient) continue;
            if (gradient.is_sparse)
                throw new NotSupportedException($"A parameter of shape [{string.Join(", ", parameter.shape)}] has a sparse gradient; Adafactor needs dense ones.");

            var state = stateOf(parameter);
            if (!batches.TryGetValue(state.Step + 1, out var batch))
                batches.Add(state.Step + 1, batch = new AdafactorBatch(options, state.Step + 1));
            batch.Slots.Add(new AdafactorSlot(parameter, gradient, state));
        }
        return batches.Values;
    }

    /// <summary>Moves the counters on. Parameters without elements need nothing more.</summary>
    public void Begin()
    {
        options.ReportLearningRate(t);
        foreach (var slot in Slots)
        {
            slot.State.Attempts = t;
            slot.State.Prepare(options);
        }
        Slots.RemoveAll(slot => slot.Weight.NumberOfElements == 0);
    }
}
