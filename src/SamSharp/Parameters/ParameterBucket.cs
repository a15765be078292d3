using SamSharp.Kernels;
using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>
/// Parameters that one kernel call can take together: same device, same dtype, same param group, treated alike by the geometry.
/// The bucket holds the ones that have a gradient in the current phase of the step.
/// </summary>
public sealed class ParameterBucket
{
    private readonly ParameterSlot[] _all;

    internal ParameterBucket(ParameterSlot[] parameters, int treatment, bool isPerturbed)
    {
        _all = parameters;
        var first = parameters[0];
        Device = first.Parameter.device;
        Accumulator = AccumulatorOf(first.Parameter.dtype);
        Group = first.Group;
        Treatment = treatment;
        IsPerturbed = isPerturbed;
        IsExchangeable = first.IsExchangeable;
        Parameters = parameters;
    }

    /// <summary>The parameters with a gradient, in order.</summary>
    public IReadOnlyList<ParameterSlot> Parameters { get; private set; }

    /// <summary>The weights of <see cref="Parameters"/>, in order.</summary>
    public Tensor[] Weights { get; private set; } = [];

    /// <summary>The gradients at w: in an ascent, in a plain step, and in <see cref="Descent.Pairs"/>; otherwise empty.</summary>
    public Tensor[] AtWeights { get; private set; } = [];

    /// <summary>The gradients at w + e, in a descent; otherwise empty.</summary>
    public Tensor[] AtPerturbed { get; private set; } = [];

    /// <summary>The vectors to climb along: the gradients at w, unless the direction puts others here.</summary>
    public Tensor[] Direction { get; set; } = [];

    /// <summary>The gradients that the base optimizer is to step with.</summary>
    internal Tensor[] Final { get; private set; } = [];

    /// <summary>Where to write the perturbed weights: buffers, or the weights themselves.</summary>
    public Tensor[] Results { get; internal set; } = [];

    /// <summary>The radius of the ascent: the param group's radius in this step times the scale of an <see cref="AscentStage"/>.</summary>
    public double Radius { get; internal set; }

    /// <summary>The learning rate of the param group in this step.</summary>
    public double LearningRate { get; internal set; }

    /// <summary>The param group's index.</summary>
    public int Group { get; }

    /// <summary>What <see cref="IGeometry.Treatment"/> returned for these parameters.</summary>
    public int Treatment { get; }

    /// <summary>The device of every tensor here.</summary>
    public Device Device { get; }

    /// <summary>The dtype of norms and scales: float64 for float64 weights, otherwise float32.</summary>
    public ScalarType Accumulator { get; }

    /// <summary>Whether the weights are bfloat16 or float16.</summary>
    internal bool Is16Bits => NarrowWeights.Is16Bits(_all[0].Kind.Type);

    /// <summary>Whether the geometry perturbs these parameters.</summary>
    internal bool IsPerturbed { get; }

    /// <summary>Whether the weights can temporarily point to other storages.</summary>
    internal bool IsExchangeable { get; }

    internal static ScalarType AccumulatorOf(ScalarType dtype) => dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;

    /// <summary>Zeros of a parameter's shape to sum up in; sums of half precision are kept in float32.</summary>
    [InDisposeScope]
    internal static Tensor NewSum(ParameterSlot slot) => zeros(slot.Parameter.shape, AccumulatorOf(slot.Parameter.dtype), slot.Parameter.device);

    /// <summary>Vectors in the dtype of the weights: themselves, or copies for weights in half precision, whose averages are kept in
    /// float32.</summary>
    [InDisposeScope]
    internal Tensor[] InWeightsType(Tensor[] vectors) => Array.ConvertAll(vectors, vector =>
        vector.dtype == _all[0].Parameter.dtype ? vector : vector.to(_all[0].Parameter.dtype));

    /// <summary>Vectors in <see cref="Accumulator"/>: themselves, or copies of those in half precision, for sums that are rounded once.</summary>
    [InDisposeScope]
    internal Tensor[] Widened(Tensor[] vectors) => Array.ConvertAll(vectors, vector => vector.dtype == Accumulator ? vector : vector.to(Accumulator));

    /// <summary>One parameter of this bucket, with its gradients.</summary>
    internal ParameterBucket Only(int index)
    {
        var one = View([_all[0]], [Parameters[index]]);
        if (AtWeights.Length > 0) one.AtWeights = [AtWeights[index]];
        if (AtPerturbed.Length > 0) one.AtPerturbed = [AtPerturbed[index]];
        return one;
    }

    /// <summary>The bucket, or the part of it, that both passes reached; null if they share no parameter.</summary>
    internal ParameterBucket? WithBothGradients()
    {
        if (AtWeights.Length > 0) return this;
        var both = Parameters.Where(parameter => parameter.AscentGradient is not null).ToArray();
        if (both.Length == 0) return null;
        var pairs = View(_all, both);
        pairs.AtWeights = Array.ConvertAll(both, parameter => parameter.AscentGradient!);
        pairs.AtPerturbed = Array.ConvertAll(both, parameter => parameter.Gradient!);
        return pairs;
    }

    /// <summary>Takes up the parameters with a gradient, as read at w.</summary>
    internal void FillAtWeights()
    {
        var present = TakeUp(slot => slot.Gradient is not null);
        Final = Direction = AtWeights = Array.ConvertAll(present, slot => slot.Gradient!);
        AtPerturbed = [];
    }

    /// <summary>Takes up the parameters with a gradient, as read at w + e, and the gradients at w if all have one.</summary>
    internal void FillAtPerturbed()
    {
        var present = TakeUp(slot => slot.Gradient is not null);
        Final = AtPerturbed = Array.ConvertAll(present, slot => slot.Gradient!);
        AtWeights = present.Length > 0 && Array.TrueForAll(present, slot => slot.AscentGradient is not null)
            ? Array.ConvertAll(present, slot => slot.AscentGradient!)
            : [];
        Direction = [];
    }

    /// <summary>Takes up the gradients that a combiner handed over, or other processes.</summary>
    internal void FillFinal() => Final = _all.Select(parameter => parameter.Final).OfType<Tensor>().ToArray();

    /// <summary>Takes up the parameters that had a gradient at w, as they were for the ascent.</summary>
    internal void FillFromAscent()
    {
        var present = TakeUp(slot => slot.AscentGradient is not null);
        Direction = AtWeights = Array.ConvertAll(present, slot => slot.AscentGradient!);
        AtPerturbed = [];
    }

    /// <summary>Takes up every parameter that can have a gradient, for an ascent that needs no gradients.</summary>
    internal void FillWithoutGradients()
    {
        TakeUp(slot => slot.Parameter.requires_grad);
        Direction = AtWeights = AtPerturbed = [];
    }

    private ParameterSlot[] TakeUp(Predicate<ParameterSlot> isPresent)
    {
        var present = Array.TrueForAll(_all, isPresent) ? _all : Array.FindAll(_all, isPresent);
        if (!ReferenceEquals(present, Parameters) || Weights.Length != present.Length)
        {
            Parameters = present;
            Weights = Array.ConvertAll(present, Tensor (slot) => slot.Parameter);
        }
        return present;
    }

    private ParameterBucket View(ParameterSlot[] all, ParameterSlot[] present) => new(all, Treatment, IsPerturbed)
    {
        Parameters = present,
        Weights = Array.ConvertAll(present, Tensor (slot) => slot.Parameter),
        Radius = Radius,
        LearningRate = LearningRate,
    };
}
