namespace SamSharp.Samples.T5.Model;

/// <summary>The names and shapes of a model's weights, known before any of them is allocated.</summary>
internal static class T5Shapes
{
    /// <summary>The weights one by one; a configuration may promise more of them than there is time to count.</summary>
    public static IEnumerable<(string Name, long[] Shape)> Of(T5Config config)
    {
        yield return ("shared.weight", [config.VocabularySize, config.ModelWidth]);
        foreach (var weight in Stack(config, "encoder", config.EncoderLayers, isDecoder: false))
            yield return weight;
        foreach (var weight in Stack(config, "decoder", config.DecoderLayers, isDecoder: true))
            yield return weight;
        if (!config.TieWordEmbeddings)
            yield return ("lm_head.weight", [config.VocabularySize, config.ModelWidth]);
    }

    private static IEnumerable<(string Name, long[] Shape)> Stack(T5Config config, string stack, int layers, bool isDecoder)
    {
        long[] norm = [config.ModelWidth];
        for (var block = 0; block < layers; block++)
        {
            var prefix = $"{stack}.block.{block}.layer.";
            foreach (var weight in Attention(config, $"{prefix}0.SelfAttention.", hasBias: block == 0))
                yield return weight;
            yield return ($"{prefix}0.layer_norm.weight", norm);
            if (isDecoder)
            {
                foreach (var weight in Attention(config, $"{prefix}1.EncDecAttention.", hasBias: false))
                    yield return weight;
                yield return ($"{prefix}1.layer_norm.weight", norm);
            }
            var last = $"{prefix}{(isDecoder ? 2 : 1)}.";
            foreach (var inner in config.GatedFeedForward ? new[] { "wi_0", "wi_1" } : ["wi"])
                yield return ($"{last}DenseReluDense.{inner}.weight", [config.FeedForwardWidth, config.ModelWidth]);
            yield return ($"{last}DenseReluDense.wo.weight", [config.ModelWidth, config.FeedForwardWidth]);
            yield return ($"{last}layer_norm.weight", norm);
        }
        yield return ($"{stack}.final_layer_norm.weight", norm);
    }

    private static IEnumerable<(string Name, long[] Shape)> Attention(T5Config config, string prefix, bool hasBias)
    {
        foreach (var inward in new[] { "q", "k", "v" })
            yield return ($"{prefix}{inward}.weight", [config.AttentionWidth, config.ModelWidth]);
        yield return ($"{prefix}o.weight", [config.ModelWidth, config.AttentionWidth]);
        if (hasBias)
            yield return ($"{prefix}relative_attention_bias.weight", [config.RelativePositionBuckets, config.Heads]);
    }
}
