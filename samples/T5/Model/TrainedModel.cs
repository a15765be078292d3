using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Model;

/// <summary>What training, comparing and measuring need of a model, whatever its kind. Ids and masks are int64 [batch, length].</summary>
/// <param name="name">The module's name.</param>
public abstract class TrainedModel(string name) : nn.Module(name)
{
    /// <summary>The loss ignores labels of this value.</summary>
    public const long IgnoredLabel = -100;

    private ScalarType? _computeType;

    /// <summary>Where the weights lie.</summary>
    public abstract Device Device { get; }

    /// <summary>The weights' element type.</summary>
    public abstract ScalarType Type { get; }

    /// <summary>
    /// The type that activations have: the weights' own, or a 16 bit one beside float32 weights, as T5 was trained (Raffel et al., 2020, in
    /// bfloat16). Norms, softmax and loss are computed in float32 at least.
    /// </summary>
    public ScalarType ComputeType
    {
        get => _computeType ?? Type;
        set => _computeType = value;
    }

    /// <summary>Computes activations in the weights' type until the result is disposed.</summary>
    public IDisposable ComputeInTypeOfWeights()
    {
        var type = _computeType;
        _computeType = null;
        return new Restored(() => _computeType = type);
    }

    /// <summary>
    /// Lets libtorch multiply float32 weights in the activations' type, until the result is disposed: it keeps the weights' 16-bit copies that
    /// long. Null where weights and activations have one type. Each pass opens one; around several passes the copies are made once.
    /// </summary>
    public Autocast? OpenPrecision() => ComputeType == Type ? null : ComputeType switch
    {
        ScalarType.BFloat16 => Autocast.BFloat16(Device),
        ScalarType.Float16 => Autocast.Float16(Device),
        _ => throw new NotSupportedException($"{Type} weights beside {ComputeType} activations: they can be bfloat16 or float16 there."),
    };

    /// <summary>The part that starts from random weights beside pre-trained ones; null where there is none.</summary>
    public virtual nn.Module? FreshHead => null;

    /// <summary>In training a label's loss counts at most this, so that labels that look wrong pull no harder; null: no limit.</summary>
    public double? LossCeiling { get; set; }

    /// <summary>The names of the layers that adapters are made for: queries and values.</summary>
    public abstract IReadOnlyList<string> LoraLayers { get; }

    /// <summary>The low-rank adapters that train in place of the weights; null where there are none.</summary>
    public LoraAdapters? Adapters { get; set; }

    /// <summary>The model's own parameters, without adapters, by name.</summary>
    public IEnumerable<(string Name, Parameter Parameter)> OwnParameters()
    {
        var added = Adapters?.Layers.Values.SelectMany(layer => new[] { layer.A.Handle, layer.B.Handle }).ToHashSet() ?? [];
        return named_parameters().Where(item => !added.Contains(item.parameter.Handle));
    }

    /// <summary>The mean cross-entropy, in float32 at least, over all labels that are not -100.</summary>
    /// <param name="inputIds">The input.</param>
    /// <param name="attentionMask">Its mask; 1 is visible.</param>
    /// <param name="labels">[batch, labels of a row].</param>
    /// <param name="labelSmoothing">The part of each label's probability that is spread over all classes.</param>
    public abstract Tensor Loss(Tensor inputIds, Tensor attentionMask, Tensor labels, double labelSmoothing = 0);

    /// <summary>The same from the scores of all classes, with <see cref="LossCeiling"/> in training.</summary>
    /// <param name="scores">[labels, classes], in float32 at least.</param>
    /// <param name="labels">[labels]; -100 is not counted.</param>
    /// <param name="labelSmoothing">The part of each label's probability that is spread over all classes.</param>
    [InDisposeScope]
    protected Tensor CrossEntropy(Tensor scores, Tensor labels, double labelSmoothing)
    {
        if (!training || LossCeiling is not { } ceiling)
            return nn.functional.cross_entropy(scores, labels, ignore_index: IgnoredLabel, label_smoothing: labelSmoothing);
        var each = nn.functional.cross_entropy(
            scores, labels, ignore_index: IgnoredLabel, reduction: nn.Reduction.None, label_smoothing: labelSmoothing);
        return each.Clamped(max: ceiling).sum().div(labels.IsNotEqualTo(IgnoredLabel).sum());
    }

    private sealed class Restored(Action restore) : IDisposable
    {
        public void Dispose() => restore();
    }
}
