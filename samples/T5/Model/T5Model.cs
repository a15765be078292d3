using TorchSharp.Utils;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Model;

/// <summary>
/// A T5 encoder-decoder with Hugging Face's parameter names and numerics. A new model is in training mode (dropout acts);
/// one loaded from a checkpoint is in evaluation mode. Ids and masks are int64 [batch, length]; a mask of 1 is visible.
/// </summary>
public sealed class T5Model : TrainedModel
{
    [ComponentName(Name = "shared")]
    private readonly TokenEmbedding _embedding;

    [ComponentName(Name = "encoder")]
    private readonly T5Stack _encoder;

    [ComponentName(Name = "decoder")]
    private readonly T5Stack _decoder;

    // Null if the output layer is the embedding.
    [ComponentName(Name = "lm_head")]
    private readonly Linear? _head;

    private readonly CausalMask _causalMask = new();

    /// <summary>A new model with random weights, float32 on the CPU.</summary>
    /// <param name="config">Its shape.</param>
    /// <param name="generator">Draws the weights; null uses the default generator, which <c>torch.manual_seed</c> seeds.</param>
    /// <param name="dropout">Dropout for training; null uses the configuration's. The configuration itself does not change.</param>
    public T5Model(T5Config config, Generator? generator = null, double? dropout = null)
        : this(config, WeightFactory.Drawing(generator, config.InitializerFactor), dropout)
    {
    }

    private T5Model(T5Config config, WeightFactory weights, double? dropout) : base(nameof(T5Model))
    {
        Config = config.Validated(nameof(T5Config));
        config = (config with { DropoutRate = dropout ?? config.DropoutRate }).Validated(nameof(dropout));
        _embedding = new TokenEmbedding(config.VocabularySize, config.ModelWidth, weights);
        _encoder = new T5Stack(config, isDecoder: false, weights);
        _decoder = new T5Stack(config, isDecoder: true, weights);
        if (!config.TieWordEmbeddings)
            _head = new Linear(config.ModelWidth, config.VocabularySize, 1, weights);
        RegisterComponents();
    }

    /// <summary>The model's shape.</summary>
    public T5Config Config { get; }

    /// <summary>Where the weights lie.</summary>
    public override Device Device => _embedding.Device;

    /// <summary>The weights' element type.</summary>
    public override ScalarType Type => _embedding.Type;

    /// <inheritdoc/>
    public override IReadOnlyList<string> LoraLayers => ["q", "v"];

    internal T5Stack Encoder => _encoder;

    internal T5Stack Decoder => _decoder;

    /// <summary>A model with uninitialized weights.</summary>
    internal static T5Model Unset(T5Config config, ScalarType type, double? dropout) => new(config, WeightFactory.Unset(type), dropout);

    /// <summary>Replaces rows of the embedding; a row of zeros keeps the existing one.</summary>
    /// <param name="vectors">[vocabulary, width].</param>
    public void SetEmbedding(Tensor vectors) => _embedding.Set(vectors);

    /// <summary>The encoder's output [batch, length, width], after the last layer norm.</summary>
    public Tensor Encode(Tensor inputIds, Tensor attentionMask)
    {
        using var scope = NewDisposeScope();
        using var precision = OpenPrecision();
        return EncodeEmbedded(Embed(inputIds), attentionMask).MoveToOuterDisposeScope();
    }

    /// <summary>The scores [batch, length, vocabulary] of the token after each decoder input.</summary>
    /// <param name="decoderInputIds">The start token, then the target's tokens so far.</param>
    /// <param name="encoded">From <see cref="Encode"/>.</param>
    /// <param name="attentionMask">The encoder's mask.</param>
    public Tensor Decode(Tensor decoderInputIds, Tensor encoded, Tensor attentionMask)
    {
        using var scope = NewDisposeScope();
        using var precision = OpenPrecision();
        return Scores(DecodeEmbedded(Embed(decoderInputIds), encoded, attentionMask)).MoveToOuterDisposeScope();
    }

    /// <summary>Mean cross-entropy, computed at least in float32, over all labels that are not -100.</summary>
    /// <param name="inputIds">The encoder's input.</param>
    /// <param name="attentionMask">Its mask.</param>
    /// <param name="labels">The target with its end token; the decoder's input is derived from it.</param>
    /// <param name="labelSmoothing">The share of each label's probability that is spread over the vocabulary.</param>
    public override Tensor Loss(Tensor inputIds, Tensor attentionMask, Tensor labels, double labelSmoothing = 0)
    {
        using var scope = NewDisposeScope();
        return LossFrom(Encode(inputIds, attentionMask), attentionMask, labels, labelSmoothing).MoveToOuterDisposeScope();
    }

    /// <summary>The same, from the encoder's output.</summary>
    public Tensor LossFrom(Tensor encoded, Tensor attentionMask, Tensor labels, double labelSmoothing = 0)
    {
        using var scope = NewDisposeScope();
        var scores = Decode(ShiftRight(labels), encoded, attentionMask);
        return CrossEntropy(Precision.Widen(scores).flatten(0, 1), labels.flatten(), labelSmoothing).MoveToOuterDisposeScope();
    }

    /// <summary>The decoder's input for these labels: the start token, then all but the last, with padding for -100.</summary>
    public Tensor ShiftRight(Tensor labels)
    {
        using var scope = NewDisposeScope();
        var start = ScalarArithmetic.Full([labels.shape[0], 1], Config.DecoderStartTokenId, int64, labels.device);
        var shifted = cat([start, labels.narrow(1, 0, labels.shape[1] - 1)], 1);
        return shifted.FilledWhere(shifted.IsEqualTo(IgnoredLabel), Config.PadTokenId).MoveToOuterDisposeScope();
    }

    /// <summary>Prepares generation: the encoder's output is projected to keys and values once.</summary>
    /// <param name="encoded">From <see cref="Encode"/>.</param>
    /// <param name="attentionMask">The encoder's mask.</param>
    /// <param name="copies">Decoder rows per encoder row (beams).</param>
    internal DecoderCache StartDecoding(Tensor encoded, Tensor attentionMask, long copies = 1)
    {
        using var scope = NewDisposeScope();
        using var precision = OpenPrecision();
        var layers = new List<LayerCache>();
        foreach (var block in _decoder.Blocks)
        {
            var (keys, values) = block.CrossAttention.Project(encoded);
            layers.Add(new LayerCache(new(Copy(keys), Copy(values))));
        }
        using var repeatedMask = attentionMask.repeat_interleave(copies, 0);
        return new DecoderCache(layers, CrossAddend(repeatedMask).DetachFromDisposeScope());

        Tensor Copy(Tensor rows) => rows.repeat_interleave(copies, 0).DetachFromDisposeScope();
    }

    /// <summary>The scores [batch, vocabulary] of the token after <paramref name="tokens"/> [batch], which join the cache.</summary>
    internal Tensor DecodeNext(Tensor tokens, DecoderCache cache)
    {
        using var scope = NewDisposeScope();
        using var precision = OpenPrecision();
        cache.Length++;
        var bias = _decoder.PositionBias.Compute(1, cache.Length, ComputeType);
        var addend = bias.expand(tokens.shape[0], -1, -1, -1).flatten(0, 1);
        var hidden = _decoder.Run(Embed(tokens.unsqueeze(1)), (block, i, hidden) => block.Decode(hidden, addend, cache.Layers[i], cache.CrossAddend));
        return Scores(hidden).squeeze(1).MoveToOuterDisposeScope();
    }

    internal Tensor Embed(Tensor ids) => _embedding.Lookup(ids, ComputeType);

    internal Tensor EncodeEmbedded(Tensor embedded, Tensor attentionMask)
    {
        using var scope = NewDisposeScope();
        var length = embedded.shape[1];
        var addend = _encoder.PositionBias.Compute(length, length, ComputeType).Plus(PaddingAddend(attentionMask)).flatten(0, 1);
        return _encoder.Run(embedded, (block, _, hidden) => block.Encode(hidden, addend)).MoveToOuterDisposeScope();
    }

    internal Tensor DecodeEmbedded(Tensor embedded, Tensor encoded, Tensor attentionMask)
    {
        using var scope = NewDisposeScope();
        var (batch, length) = (embedded.shape[0], embedded.shape[1]);
        var addend = _decoder.PositionBias.Compute(length, length, ComputeType).Plus(_causalMask.Of(length, ComputeType, Device))
            .expand(batch, -1, -1, -1).flatten(0, 1);
        var crossAddend = CrossAddend(attentionMask);
        return _decoder.Run(embedded, (block, _, hidden) => block.Decode(hidden, addend, encoded, crossAddend)).MoveToOuterDisposeScope();
    }

    internal Tensor Scores(Tensor hidden)
    {
        using var scope = NewDisposeScope();
        var scores = _head is null ? _embedding.Scores(hidden.Times(1 / Math.Sqrt(Config.ModelWidth))) : _head.call(hidden);
        return scores.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _causalMask.Dispose();
        base.Dispose(disposing);
    }

    // [batch, length] of 0 and 1 to [batch, 1, 1, length] of the lowest number and 0.
    private Tensor PaddingAddend(Tensor attentionMask)
    {
        using var scope = NewDisposeScope();
        return attentionMask.IsEqualTo(0).to(ComputeType).Times(Precision.Lowest(ComputeType)).unsqueeze(1).unsqueeze(1).MoveToOuterDisposeScope();
    }

    [InDisposeScope]
    private Tensor CrossAddend(Tensor attentionMask) =>
        PaddingAddend(attentionMask).expand(-1, Config.Heads, -1, -1).flatten(0, 1);
}
