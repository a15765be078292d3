namespace SamSharp.Samples.T5.Model;

/// <summary>
/// The shape of a T5 encoder-decoder. Covers T5, T5 v1.1, mT5 and byT5; <see cref="Load"/> and <see cref="Save"/> use
/// the keys of Hugging Face's <c>config.json</c>.
/// </summary>
public sealed record T5Config
{
    // Far beyond any T5, and few enough to count with.
    private const int MostLayers = 10_000;
    private const long MostWeights = 1_000_000_000_000_000;

    /// <summary>Rows of the embedding, at least as many as the tokenizer has ids (<c>vocab_size</c>).</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Width of the residual stream (<c>d_model</c>).</summary>
    public required int ModelWidth { get; init; }

    /// <summary>Width of one attention head (<c>d_kv</c>); heads times this may differ from the model's width.</summary>
    public required int HeadWidth { get; init; }

    /// <summary>Attention heads per layer (<c>num_heads</c>).</summary>
    public required int Heads { get; init; }

    /// <summary>Width inside the feed-forward layers (<c>d_ff</c>).</summary>
    public required int FeedForwardWidth { get; init; }

    /// <summary>Blocks of the encoder (<c>num_layers</c>).</summary>
    public required int EncoderLayers { get; init; }

    /// <summary>Blocks of the decoder (<c>num_decoder_layers</c>); byT5 has fewer than in the encoder.</summary>
    public required int DecoderLayers { get; init; }

    /// <summary>Number of buckets for relative positions (<c>relative_attention_num_buckets</c>).</summary>
    public int RelativePositionBuckets { get; init; } = 32;

    /// <summary>Distance from which all positions share a bucket (<c>relative_attention_max_distance</c>).</summary>
    public int RelativePositionMaxDistance { get; init; } = 128;

    /// <summary>Non-linearity of the feed-forward layers (<c>dense_act_fn</c>, or inside <c>feed_forward_proj</c>).</summary>
    public FeedForwardActivation Activation { get; init; } = FeedForwardActivation.Relu;

    /// <summary>Whether a second projection gates the activation (<c>is_gated_act</c>, or inside <c>feed_forward_proj</c>).</summary>
    public bool GatedFeedForward { get; init; }

    /// <summary>Whether the output layer is the embedding itself (<c>tie_word_embeddings</c>).</summary>
    public bool TieWordEmbeddings { get; init; } = true;

    /// <summary>Probability of dropout everywhere (<c>dropout_rate</c>).</summary>
    public double DropoutRate { get; init; } = 0.1;

    /// <summary>Added to the mean square in layer norms (<c>layer_norm_epsilon</c>).</summary>
    public double LayerNormEpsilon { get; init; } = 1e-6;

    /// <summary>Scales every initial weight (<c>initializer_factor</c>).</summary>
    public double InitializerFactor { get; init; } = 1.0;

    /// <summary>Pads short rows (<c>pad_token_id</c>).</summary>
    public int PadTokenId { get; init; }

    /// <summary>Ends a text (<c>eos_token_id</c>).</summary>
    public int EosTokenId { get; init; } = 1;

    /// <summary>The decoder's first input (<c>decoder_start_token_id</c>).</summary>
    public int DecoderStartTokenId { get; init; }

    /// <summary>Hugging Face's family name, "t5" or "mt5" (<c>model_type</c>); kept for saving; the computation is the same.</summary>
    public string ModelType { get; init; } = "t5";

    /// <summary>Width of all heads together.</summary>
    public int AttentionWidth => Heads * HeadWidth;

    /// <summary>Number of trained weights.</summary>
    public long ParameterCount
    {
        get
        {
            // The sizes that a file names may be of any size.
            Int128 embedding = (Int128)VocabularySize * ModelWidth;
            Int128 attention = (Int128)4 * ModelWidth * Heads * HeadWidth + ModelWidth;
            Int128 feedForward = (Int128)(GatedFeedForward ? 3 : 2) * ModelWidth * FeedForwardWidth + ModelWidth;
            Int128 positions = (Int128)2 * RelativePositionBuckets * Heads;
            var count = embedding * (TieWordEmbeddings ? 1 : 2) + positions + 2 * (Int128)ModelWidth
                + EncoderLayers * (attention + feedForward) + DecoderLayers * (2 * attention + feedForward);
            return (long)Int128.Min(count, long.MaxValue);
        }
    }

    /// <summary>
    /// A model size by name: <c>tiny</c> and <c>mini</c> (for training from scratch on a CPU), T5's own <c>small</c>, <c>base</c>
    /// and <c>large</c>, and the same with <c>-v1.1</c> (gated, untied).
    /// </summary>
    /// <exception cref="ArgumentException">The name is unknown.</exception>
    /// <param name="name">The size.</param>
    /// <param name="vocabularySize">How many ids the vocabulary has.</param>
    /// <param name="ids">Its special ids; null: T5's own, 0 for padding and start and 1 for eos.</param>
    public static T5Config Named(string name, int vocabularySize, SpecialIds? ids = null)
    {
        var config = NamedSizes.Find(name, vocabularySize);
        return (ids is null ? config : config with { PadTokenId = ids.Pad, EosTokenId = ids.Eos, DecoderStartTokenId = ids.Pad }).Validated(name);
    }

    /// <summary>Reads a Hugging Face <c>config.json</c>.</summary>
    /// <exception cref="InvalidDataException">A key is missing or unknown, a value is not supported, or two files have different ids.</exception>
    /// <param name="path">The file. A <c>generation_config.json</c> beside it must not contradict it.</param>
    /// <param name="vocabulary">
    /// The special ids of the vocabulary that goes with the model. They fill in for ids that the file lacks, and must be those that it has.
    /// </param>
    public static T5Config Load(string path, SpecialIds? vocabulary = null) => T5ConfigFile.Read(path, vocabulary);

    /// <summary>Writes a <c>config.json</c> that Hugging Face reads, atomically.</summary>
    public void Save(string path) => T5ConfigFile.Write(this, path);

    /// <summary>Refuses a vocabulary whose special ids are others than this configuration's.</summary>
    /// <param name="source">Where this configuration comes from.</param>
    /// <param name="vocabulary">The vocabulary's ids.</param>
    /// <exception cref="InvalidDataException">The message names both files, the role and the two ids.</exception>
    public void RequireIds(string source, SpecialIds vocabulary)
    {
        Same("pad_token_id", PadTokenId, vocabulary.Pad);
        Same("eos_token_id", EosTokenId, vocabulary.Eos);

        void Same(string key, int id, int other)
        {
            if (id != other)
            {
                throw new InvalidDataException(
                    $"{source}: {key} is {id}, but the vocabulary {vocabulary.Source} has {other} for it. Give the model's own vocabulary.");
            }
        }
    }

    /// <summary>This configuration if its values make a model, else an error naming <paramref name="source"/> and the value.</summary>
    internal T5Config Validated(string source)
    {
        Positive(VocabularySize, "vocab_size");
        Positive(ModelWidth, "d_model");
        Positive(HeadWidth, "d_kv");
        Positive(Heads, "num_heads");
        Positive(FeedForwardWidth, "d_ff");
        Positive(EncoderLayers, "num_layers");
        Positive(DecoderLayers, "num_decoder_layers");
        Require(RelativePositionBuckets >= 4, "relative_attention_num_buckets", RelativePositionBuckets, "must be at least 4");
        Require(RelativePositionMaxDistance > RelativePositionBuckets / 2, "relative_attention_max_distance",
            RelativePositionMaxDistance, "must exceed half the number of buckets");
        Require(DropoutRate is >= 0 and < 1, "dropout_rate", DropoutRate, "must lie in [0, 1)");
        Require(LayerNormEpsilon > 0 && double.IsFinite(LayerNormEpsilon), "layer_norm_epsilon", LayerNormEpsilon, "must be positive");
        Require(double.IsFinite(InitializerFactor), "initializer_factor", InitializerFactor, "must be finite");
        foreach (var (id, key) in new[]
                 { (PadTokenId, "pad_token_id"), (EosTokenId, "eos_token_id"), (DecoderStartTokenId, "decoder_start_token_id") })
            Require(id >= 0 && id < VocabularySize, key, id, $"must lie in [0, {VocabularySize})");
        Require(EncoderLayers <= MostLayers, "num_layers", EncoderLayers, $"must be at most {MostLayers}");
        Require(DecoderLayers <= MostLayers, "num_decoder_layers", DecoderLayers, $"must be at most {MostLayers}");
        Require((long)Heads * HeadWidth <= int.MaxValue, "d_kv", HeadWidth, $"must be less, with {Heads} heads");
        Require(ParameterCount <= MostWeights, "d_model", ModelWidth,
            $"makes, with vocab_size {VocabularySize}, d_ff {FeedForwardWidth} and {EncoderLayers} layers, more weights than any machine holds");
        return this;

        void Positive(int value, string key) => Require(value > 0, key, value, "must be positive");

        void Require(bool holds, string key, object value, string rule)
        {
            if (!holds)
                throw new InvalidDataException(FormattableString.Invariant($"{source}: {key} is {value} and {rule}."));
        }
    }
}
