using SamSharp.Samples.T5.Model;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SamSharp.Samples.Encoders.Model;

/// <summary>
/// A BERT encoder with Hugging Face's parameter names and numerics, and a classifier on the mean of its last hidden states. Ids and masks are
/// int64 [batch, length]; a mask of 1 is visible. The second text of a pair begins after the first separator.
/// </summary>
public sealed class EncoderModel : TrainedModel
{
    /// <summary>BERT's end of a text.</summary>
    private readonly int _separatorId;

    [ComponentName(Name = "embeddings")]
    private readonly BertEmbeddings _embeddings;

    [ComponentName(Name = "encoder")]
    private readonly BertStack _encoder;

    // Null for an encoder alone.
    [ComponentName(Name = "classifier")]
    private readonly Affine? _head;

    private int? _frozenLayers;

    /// <param name="config">The encoder's shape.</param>
    /// <param name="body">Makes its parameters.</param>
    /// <param name="separatorId">The id that ends a text.</param>
    /// <param name="classes">How many classes there are; null: no classifier.</param>
    /// <param name="head">Makes the classifier's parameters.</param>
    internal EncoderModel(BertConfig config, WeightFactory body, int separatorId, int? classes = null, WeightFactory? head = null)
        : base(nameof(EncoderModel))
    {
        Config = config.Validated(nameof(BertConfig));
        _separatorId = separatorId;
        _embeddings = new BertEmbeddings(config, body);
        _encoder = new BertStack(config, body);
        if (classes is { } count)
            _head = new Affine(config.Width, count, head ?? body);
        RegisterComponents();
    }

    /// <summary>A new model with random weights, float32 on the CPU.</summary>
    /// <param name="config">The encoder's shape.</param>
    /// <param name="generator">Draws the weights.</param>
    /// <param name="separatorId">The id that ends a text.</param>
    /// <param name="classes">How many classes there are; null: no classifier.</param>
    public static EncoderModel Random(BertConfig config, Generator generator, int separatorId, int? classes = null) =>
        new(config, WeightFactory.Drawing(generator, 1), separatorId, classes);

    public BertConfig Config { get; }

    /// <summary>How many classes the classifier tells apart; null without one.</summary>
    public int? Classes => _head?.Outputs;

    /// <inheritdoc/>
    public override Device Device => _embeddings.Device;

    /// <inheritdoc/>
    public override ScalarType Type => _embeddings.Type;

    /// <inheritdoc/>
    public override Module? FreshHead => _head;

    /// <inheritdoc/>
    public override IReadOnlyList<string> LoraLayers => ["query", "value"];

    /// <summary>Dropout while training; by default the configuration's.</summary>
    public double? TrainingDropout { get; set; }

    /// <summary>
    /// Keeps the embeddings and the lowest layers at their values. They have no dropout, so a row always passes them alike.
    /// </summary>
    /// <exception cref="ArgumentException">There are not as many layers.</exception>
    public void Freeze(int layers)
    {
        if (layers > Config.Layers)
            throw new ArgumentException($"There are {Config.Layers} layers to freeze, not {layers}.");
        _frozenLayers = layers;
        foreach (var parameter in _encoder.Layers.Take(layers).Cast<Module>().Prepend(_embeddings).SelectMany(part => part.parameters()))
            parameter.requires_grad = false;
    }

    /// <summary>Keeps what frozen layers make of each row; null (default) computes it each time. The caller disposes it.</summary>
    public FrozenStates? FrozenStates { get; set; }

    /// <summary>The hidden states [batch, length, width] after the last layer.</summary>
    public Tensor Encode(Tensor inputIds, Tensor attentionMask)
    {
        using var scope = NewDisposeScope();
        using var precision = OpenPrecision();
        var dropout = training ? TrainingDropout ?? Config.Dropout : 0;
        var addend = Addend(attentionMask);
        var hidden = _frozenLayers is not { } frozen ? Drop.Apply(Embedded(inputIds), dropout, training: true)
            : FrozenStates is { } kept ? kept.Of(inputIds, attentionMask, ComputeType, (ids, mask) => Frozen(ids, Addend(mask)))
            : Frozen(inputIds, addend);
        foreach (var layer in _encoder.Layers.Skip(_frozenLayers ?? 0))
            hidden = layer.Apply(hidden, addend, dropout);
        return hidden.MoveToOuterDisposeScope();
    }

    /// <summary>Texts as vectors [batch, width] of length 1: the mean over a text's hidden states.</summary>
    public Tensor Embed(Tensor inputIds, Tensor attentionMask)
    {
        using var scope = NewDisposeScope();
        return functional.normalize(MeanPool(Encode(inputIds, attentionMask), attentionMask), dim: 1).MoveToOuterDisposeScope();
    }

    /// <summary>The classes' scores [batch, classes], in float32 at least.</summary>
    /// <exception cref="InvalidOperationException">The model has no classifier.</exception>
    public Tensor Classify(Tensor inputIds, Tensor attentionMask)
    {
        var head = _head ?? throw new InvalidOperationException("This encoder has no classifier.");
        using var scope = NewDisposeScope();
        var pooled = MeanPool(Encode(inputIds, attentionMask), attentionMask);
        var dropped = Drop.Apply(pooled, training ? TrainingDropout ?? Config.Dropout : 0, training: true);
        return head.call(dropped).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Loss(Tensor inputIds, Tensor attentionMask, Tensor labels, double labelSmoothing = 0)
    {
        using var scope = NewDisposeScope();
        return CrossEntropy(Classify(inputIds, attentionMask), labels.flatten(), labelSmoothing)
            .MoveToOuterDisposeScope();
    }

    [InDisposeScope]
    private static Tensor MeanPool(Tensor hidden, Tensor attentionMask)
    {
        var wide = Precision.Widen(hidden);
        var mask = attentionMask.to(wide.dtype).unsqueeze(-1);
        return wide.mul(mask).sum(1).div(mask.sum(1));
    }

    // What the embeddings and the frozen layers make of rows, without dropout.
    [InDisposeScope]
    private Tensor Frozen(Tensor inputIds, Tensor addend) =>
        _encoder.Layers.Take(_frozenLayers ?? 0).Aggregate(Embedded(inputIds), (hidden, layer) => layer.Apply(hidden, addend, 0));

    [InDisposeScope]
    private Tensor Embedded(Tensor inputIds) => _embeddings.Lookup(inputIds, Segments(inputIds), ComputeType);

    // [batch, length] of 0 and 1 to [batch * heads, 1, length] of the lowest number and 0.
    [InDisposeScope]
    private Tensor Addend(Tensor attentionMask) => attentionMask.IsEqualTo(0).to(ComputeType).Times(Precision.Lowest(ComputeType))
        .unsqueeze(1).expand(-1, Config.Heads, -1).flatten(0, 1).unsqueeze(1);

    // 0 up to the first separator, 1 after it.
    [InDisposeScope]
    private Tensor Segments(Tensor inputIds)
    {
        var separators = inputIds.IsEqualTo(_separatorId).to(int64);
        return separators.cumsum(1).Plus(separators, -1).Clamped(0, 1);
    }
}
