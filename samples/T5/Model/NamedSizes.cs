namespace SamSharp.Samples.T5.Model;

/// <summary>The model sizes known by name.</summary>
internal static class NamedSizes
{
    private const string Revised = "-v1.1";

    // Width, feed-forward width, heads, width of a head, layers. The -v1.1 sizes match the published checkpoints.
    private static readonly Dictionary<string, (int Width, int FeedForward, int Heads, int HeadWidth, int Layers)> Sizes = new()
    {
        ["tiny"] = (128, 256, 4, 32, 2),
        ["mini"] = (256, 1024, 4, 64, 4),
        ["small"] = (512, 2048, 8, 64, 6),
        ["base"] = (768, 3072, 12, 64, 12),
        ["large"] = (1024, 4096, 16, 64, 24),
        ["small" + Revised] = (512, 1024, 6, 64, 8),
        ["base" + Revised] = (768, 2048, 12, 64, 12),
        ["large" + Revised] = (1024, 2816, 16, 64, 24),
    };

    public static T5Config Find(string name, int vocabularySize)
    {
        if (!Sizes.TryGetValue(name, out var size))
            throw new ArgumentException($"Unknown model size '{name}'. Known: {string.Join(", ", Sizes.Keys)}.", nameof(name));

        var revised = name.EndsWith(Revised, StringComparison.Ordinal);
        return new T5Config
        {
            VocabularySize = vocabularySize,
            ModelWidth = size.Width,
            FeedForwardWidth = size.FeedForward,
            Heads = size.Heads,
            HeadWidth = size.HeadWidth,
            EncoderLayers = size.Layers,
            DecoderLayers = size.Layers,
            Activation = revised ? FeedForwardActivation.GeluTanh : FeedForwardActivation.Relu,
            GatedFeedForward = revised,
            TieWordEmbeddings = !revised,
        };
    }
}
