namespace SamSharp.Samples.Encoders.Model;

/// <summary>The shape of a BERT encoder (Devlin et al., 2019), by the names and defaults of Hugging Face's <c>config.json</c>.</summary>
public sealed record BertConfig
{
    public int VocabularySize { get; init; } = 30_522;

    public int Width { get; init; } = 768;

    public int Layers { get; init; } = 12;

    public int Heads { get; init; } = 12;

    public int InnerWidth { get; init; } = 3072;

    /// <summary>The longest input in ids.</summary>
    public int Positions { get; init; } = 512;

    /// <summary>How many kinds of segments there are: the first and the second text of a pair.</summary>
    public int Segments { get; init; } = 2;

    public double NormEpsilon { get; init; } = 1e-12;

    /// <summary>Dropout of hidden states and of attention weights.</summary>
    public double Dropout { get; init; } = 0.1;

    public int PadId { get; init; }

    /// <summary>Number of trained weights of the encoder, without pooler and head; at most the largest <c>long</c>.</summary>
    public long ParameterCount
    {
        get
        {
            Int128 width = Width, inner = InnerWidth;
            var attention = (4 * width * width) + (4 * width);
            var feedForward = (2 * width * inner) + inner + width;
            var embeddings = ((Int128)VocabularySize + Positions + Segments + 2) * width;
            return (long)Int128.Min(long.MaxValue, embeddings + (Layers * (attention + feedForward + (4 * width))));
        }
    }

    /// <summary>This configuration if its values make a model.</summary>
    /// <exception cref="InvalidDataException">One does not; the message names it and <paramref name="source"/>.</exception>
    internal BertConfig Validated(string source)
    {
        foreach (var (value, key) in new[]
        {
            (VocabularySize, "vocab_size"), (Width, "hidden_size"), (Layers, "num_hidden_layers"), (Heads, "num_attention_heads"),
            (InnerWidth, "intermediate_size"), (Positions, "max_position_embeddings"), (Segments, "type_vocab_size"),
        })
        {
            if (value < 1)
                throw new InvalidDataException($"{source}: {key} is {value} and must be positive.");
        }
        if (Width % Heads != 0)
            throw new InvalidDataException($"{source}: hidden_size is {Width} and must be a multiple of num_attention_heads, {Heads}.");
        if (PadId < 0 || PadId >= VocabularySize)
            throw new InvalidDataException($"{source}: pad_token_id is {PadId} and must lie in a vocabulary of {VocabularySize}.");
        if (!(NormEpsilon >= 0))
            throw new InvalidDataException($"{source}: layer_norm_eps is {NormEpsilon} and must not be negative.");
        if (!(Dropout is >= 0 and < 1))
            throw new InvalidDataException($"{source}: the dropout is {Dropout} and must lie in [0, 1).");
        return this;
    }
}
