using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>
/// Parameters that one kernel call can take together: same device, same dtype, same param group, treated alike by the geometry.
/// Holds those of them that have a gradient in the current step.
/// </summary>
public sealed class TensorList
{
    private readonly ParameterSlot[] _all;

    internal TensorList(IEnumerable<ParameterSlot> slots, int treatment, bool isPerturbed)
    {
        _all = slots.ToArray();
        var first = _all[0];
        Device = first.Parameter.device;
        Accumulator = first.Parameter.dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;
        Group = first.Group;
        Treatment = treatment;
        IsPerturbed = isPerturbed;
        IsExchangeable = first.IsExchangeable;
        Slots = _all;
    }

    /// <summary>The parameters with a gradient, in order.</summary>
    public IReadOnlyList<ParameterSlot> Slots { get; private set; }

    /// <summary>Their weights.</summary>
    public Tensor[] Weights { get; private set; } = [];

    /// <summary>Their gradients from the pass that ran last: at w when the direction is chosen, at w + e when gradients are combined.</summary>
    public Tensor[] Gradients { get; private set; } = [];

    /// <summary>When gradients are combined, those at w, for a combiner that needs them; null where the first pass reached a parameter not at all.</summary>
    public Tensor?[] AscentGradients { get; private set; } = [];

    /// <summary>The vectors to climb along: the gradients, unless the direction puts others here.</summary>
    public Tensor[] Direction { get; set; } = [];

    /// <summary>Where the perturbed weights are to be written: buffers, or the weights themselves.</summary>
    public Tensor[] Results { get; internal set; } = [];

    /// <summary>The radius of the param group in this step.</summary>
    public double Radius { get; internal set; }

    /// <summary>The learning rate of the param group in this step.</summary>
    public double LearningRate { get; internal set; }

    /// <summary>The param group's index.</summary>
    public int Group { get; }

    /// <summary>What <see cref="IGeometry.Treatment"/> said of these parameters.</summary>
    public int Treatment { get; }

    /// <summary>Whether the geometry perturbs these parameters.</summary>
    internal bool IsPerturbed { get; }

    /// <summary>Whether the weights can be given other storages for a while.</summary>
    internal bool IsExchangeable { get; }

    /// <summary>The device of every tensor here.</summary>
    public Device Device { get; }

    /// <summary>The dtype of norms and scales: float64 for float64 weights, otherwise float32.</summary>
    public ScalarType Accumulator { get; }

    /// <summary>When gradients are combined: the parameters that have both, since the first pass may have left out one that the second reached.</summary>
    public GradientPairs Pairs()
    {
        if (AscentGradients.Length == 0) return new GradientPairs([], [], []);
        if (!Array.Exists(AscentGradients, gradient => gradient is null)) return new GradientPairs(Slots, AscentGradients!, Gradients);

        var both = Enumerable.Range(0, Slots.Count).Where(i => AscentGradients[i] is not null).ToArray();
        return new GradientPairs(Array.ConvertAll(both, i => Slots[i]), Array.ConvertAll(both, i => AscentGradients[i]!), Array.ConvertAll(both, i => Gradients[i]));
    }

    /// <summary>Takes up the parameters that have a gradient now.</summary>
    internal void Refill()
    {
        TakeUp(Array.TrueForAll(_all, slot => slot.Gradient is not null) ? _all : Array.FindAll(_all, slot => slot.Gradient is not null));
        Gradients = Array.ConvertAll((ParameterSlot[])Slots, slot => slot.Gradient!);
        AscentGradients = Array.Exists(_all, slot => slot.AscentGradient is not null)
            ? Array.ConvertAll((ParameterSlot[])Slots, slot => slot.AscentGradient)
            : [];
        Direction = Gradients;
    }

    /// <summary>Takes up every parameter that can have a gradient, where an ascent needs none.</summary>
    internal void RefillWithout()
    {
        TakeUp(Array.TrueForAll(_all, slot => slot.Parameter.requires_grad) ? _all : Array.FindAll(_all, slot => slot.Parameter.requires_grad));
        Gradients = [];
        AscentGradients = [];
        Direction = [];
    }

    /// <summary>Takes up the parameters that had a gradient at w.</summary>
    internal void RefillFromAscent()
    {
        TakeUp(Array.TrueForAll(_all, slot => slot.AscentGradient is not null) ? _all : Array.FindAll(_all, slot => slot.AscentGradient is not null));
        Direction = Gradients = Array.ConvertAll((ParameterSlot[])Slots, slot => slot.AscentGradient!);
        AscentGradients = [];
    }

    private void TakeUp(ParameterSlot[] present)
    {
        if (ReferenceEquals(present, Slots) && Weights.Length == present.Length) return;
        Slots = present;
        Weights = Array.ConvertAll(present, Tensor (slot) => slot.Parameter);
    }
}
