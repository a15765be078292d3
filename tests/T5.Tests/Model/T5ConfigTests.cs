using SamSharp.Samples.T5.Model;

namespace SamSharp.Samples.T5.Tests.Model;

public class T5ConfigTests
{
    private const string Shape = "\"vocab_size\":384,\"d_model\":8,\"d_kv\":4,\"d_ff\":16,\"num_heads\":2,\"num_layers\":12";

    [Theory]
    [InlineData("", FeedForwardActivation.Relu, false, true, 12)]
    [InlineData(",\"feed_forward_proj\":\"gated-gelu\",\"tie_word_embeddings\":false,\"num_decoder_layers\":4",
        FeedForwardActivation.GeluTanh, true, false, 4)]
    [InlineData(",\"feed_forward_proj\":\"gelu\"", FeedForwardActivation.Gelu, false, true, 12)]
    [InlineData(",\"feed_forward_proj\":\"gated-silu\"", FeedForwardActivation.Silu, true, true, 12)]
    [InlineData(",\"dense_act_fn\":\"gelu_new\",\"is_gated_act\":true", FeedForwardActivation.GeluTanh, true, true, 12)]
    [InlineData(",\"model_type\":\"mt5\",\"num_decoder_layers\":null", FeedForwardActivation.GeluTanh, true, false, 12)]
    public void Hugging_face_keys_are_understood(string keys, FeedForwardActivation activation, bool gated, bool tied, int decoderLayers)
    {
        using var folder = new TemporaryFolder();

        var config = T5Config.Load(folder.Write("config.json", $"{{{Shape}{keys}}}"));
        config.Save(Path.Combine(folder.Path, "again.json"));

        Assert.Equal((activation, gated, tied), (config.Activation, config.GatedFeedForward, config.TieWordEmbeddings));
        Assert.Equal((12, decoderLayers, 384), (config.EncoderLayers, config.DecoderLayers, config.VocabularySize));
        Assert.Equal(config, T5Config.Load(Path.Combine(folder.Path, "again.json")));
    }

    [Theory]
    [InlineData("{", "is not a JSON object")]
    [InlineData("{}", "'num_layers' is missing")]
    [InlineData("{" + Shape + ",\"d_ff\":\"x\"}", "'d_ff' is \"x\", expected a whole number")]
    [InlineData("{" + Shape + ",\"d_ff\":0}", "d_ff is 0 and must be positive")]
    [InlineData("{" + Shape + ",\"dropout_rate\":1.5}", "dropout_rate is 1.5")]
    [InlineData("{" + Shape + ",\"eos_token_id\":384}", "eos_token_id is 384 and must lie in [0, 384)")]
    [InlineData("{" + Shape + ",\"feed_forward_proj\":\"tanh\"}", "'tanh' is not supported")]
    [InlineData("{" + Shape + ",\"model_type\":\"longt5\"}", "model_type is 'longt5'")]
    public void A_bad_configuration_is_refused_by_key(string json, string message)
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("config.json", json);

        var error = Assert.Throws<InvalidDataException>(() => T5Config.Load(path));

        Assert.Contains(message, error.Message);
        Assert.Contains(path, error.Message);
    }

    [Theory]
    [InlineData("small", 60_506_624)] // T5-small
    [InlineData("base", 222_903_552)] // T5-base
    [InlineData("small-v1.1", 76_961_152)] // T5 v1.1 small
    public void Named_sizes_have_as_many_parameters_as_the_checkpoints_of_that_name(string name, long count) =>
        Assert.Equal(count, T5Config.Named(name, 32128).ParameterCount);

    [Fact]
    public void An_unknown_size_is_refused_with_the_known_ones() =>
        Assert.Contains("tiny", Assert.Throws<ArgumentException>(() => T5Config.Named("huge", 100)).Message);
}
