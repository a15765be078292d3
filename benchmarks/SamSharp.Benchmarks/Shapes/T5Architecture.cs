namespace SamSharp.Benchmarks.Shapes;

/// <summary>
/// The numbers that fix the parameters of a T5 (Raffel et al. 2020, version 1.0: one input projection in the feed-forward layers, tied
/// embeddings).
/// </summary>
internal sealed record T5Architecture(int ModelSize, int FeedForwardSize, int Heads, int Layers)
{
    private const int Vocabulary = 32128;
    private const int KeyValueSize = 64;
    private const int PositionBuckets = 32;

    /// <summary>T5-small: 131 parameters with 60.5 million elements.</summary>
    public static T5Architecture Small { get; } = new(512, 2048, 8, 6);

    /// <summary>T5-large: 509 parameters with 738 million elements.</summary>
    public static T5Architecture Large { get; } = new(1024, 4096, 16, 24);

    /// <summary>The shape of every parameter, in the order of the model.</summary>
    public IEnumerable<long[]> ParameterShapes() => [[Vocabulary, ModelSize], .. Stack(attentions: 1), .. Stack(attentions: 2)];

    /// <summary>An encoder, whose blocks attend once, or a decoder, whose blocks attend twice.</summary>
    private IEnumerable<long[]> Stack(int attentions)
    {
        for (var layer = 0; layer < Layers; layer++)
        {
            for (var attention = 0; attention < attentions; attention++)
            {
                foreach (var shape in Attention()) yield return shape;
                if (layer == 0 && attention == 0) yield return [PositionBuckets, Heads];
                yield return [ModelSize];
            }
            yield return [FeedForwardSize, ModelSize];
            yield return [ModelSize, FeedForwardSize];
            yield return [ModelSize];
        }
        yield return [ModelSize];
    }

    private long[][] Attention()
    {
        var inner = Heads * KeyValueSize;
        return [[inner, ModelSize], [inner, ModelSize], [inner, ModelSize], [ModelSize, inner]];
    }
}
