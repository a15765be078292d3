using SamSharp.Samples.T5.Model;
using static TorchSharp.torch;

namespace SamSharp.Samples.Tests;

/// <summary>Small seeded models and batches.</summary>
internal static class Small
{
    public static T5Config Relu { get; } = new()
    {
        VocabularySize = 40,
        ModelWidth = 16,
        HeadWidth = 4,
        Heads = 3,
        FeedForwardWidth = 24,
        EncoderLayers = 2,
        DecoderLayers = 2,
        DropoutRate = 0,
    };

    /// <summary>As T5 v1.1 and mT5 are built; like byT5 it has fewer decoder blocks.</summary>
    public static T5Config Gated { get; } = Relu with
    {
        Activation = FeedForwardActivation.GeluTanh,
        GatedFeedForward = true,
        TieWordEmbeddings = false,
        EncoderLayers = 3,
        DecoderLayers = 1,
    };

    public static T5Model Model(T5Config config, long seed = 1)
    {
        using var generator = new Generator((ulong)seed);
        return new T5Model(config, generator);
    }

    /// <summary>Ids of real tokens (2 and up), [batch, length].</summary>
    public static Tensor Ids(long batch, long length, T5Config config, long seed = 2)
    {
        using var generator = new Generator((ulong)seed);
        return randint(2, config.VocabularySize, [batch, length], int64, generator: generator);
    }
}
