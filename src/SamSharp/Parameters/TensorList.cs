using static TorchSharp.torch;

namespace SamSharp.Parameters;

/// <summary>
/// Parameters that one kernel call can take together: same device, same dtype, same param group, treated alike by the geometry.
/// Holds those of them that have a gradient in the current step.
/// </summary>
public sealed class TensorList
{
    private readonly ParameterSlot[] _all;

    internal TensorList(IEnumerable<ParameterSlot> slots, int treatment)
    {
        _all = slots.ToArray();
        var first = _all[0];
        Device = first.Parameter.device;
        Accumulator = first.Parameter.dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;
        Group = first.Group;
        Treatment = treatment;
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

    /// <summary>The param group's index.</summary>
    public int Group { get; }

    /// <summary>What <see cref="Geometries.IGeometry.Treatment"/> said of these parameters.</summary>
    public int Treatment { get; }

    /// <summary>Whether the weights can be given other storages for a while.</summary>
    internal bool IsExchangeable { get; }

    /// <summary>The device of every tensor here.</summary>
    public Device Device { get; }

    /// <summary>The dtype of norms and scales: float64 for float64 weights, otherwise float32.</summary>
    public ScalarType Accumulator { get; }

    /// <summary>Takes up the parameters that have a gradient now.</summary>
    internal void Refill()
    {
        var present = Array.TrueForAll(_all, slot => slot.Gradient is not null)
            ? _all
            : Array.FindAll(_all, slot => slot.Gradient is not null);
        if (!ReferenceEquals(present, Slots) || Weights.Length != present.Length)
        {
            Slots = present;
            Weights = Array.ConvertAll(present, Tensor (slot) => slot.Parameter);
        }
        Gradients = Array.ConvertAll(present, slot => slot.Gradient!);
        AscentGradients = Array.Exists(present, slot => slot.AscentGradient is not null)
            ? Array.ConvertAll(present, slot => slot.AscentGradient)
            : [];
        Direction = Gradients;
    }
}
