using System.Text.Json;
using System.Text.Json.Nodes;
using SamSharp.Samples.T5.Files;

namespace SamSharp.Samples.T5.Model;

/// <summary>Reads and writes Hugging Face's <c>config.json</c>.</summary>
internal static class T5ConfigFile
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static T5Config Read(string path)
    {
        if (!File.Exists(path))
            throw new FileNotFoundException($"{path}: there is no such file. A model folder contains a config.json.", path);

        var values = new JsonValues(path);
        var type = values.Text("model_type", "t5");
        if (type is not ("t5" or "mt5"))
            throw new InvalidDataException($"{path}: model_type is '{type}'; only t5 and mt5 (which cover T5 v1.1 and byT5) are supported.");
        var multilingual = type == "mt5";

        var projection = values.Text("feed_forward_proj", multilingual ? "gated-gelu" : "relu").Split('-');
        var gated = projection.Length > 1 && projection[0] == "gated";
        // Checkpoints say "gated-gelu" and mean the tanh form.
        var activation = gated && projection[^1] == "gelu" ? "gelu_new" : projection[^1];
        var layers = values.Integer("num_layers");

        return new T5Config
        {
            ModelType = type,
            VocabularySize = values.Integer("vocab_size"),
            ModelWidth = values.Integer("d_model"),
            HeadWidth = values.Integer("d_kv"),
            Heads = values.Integer("num_heads"),
            FeedForwardWidth = values.Integer("d_ff"),
            EncoderLayers = layers,
            DecoderLayers = values.Integer("num_decoder_layers", layers),
            RelativePositionBuckets = values.Integer("relative_attention_num_buckets", 32),
            RelativePositionMaxDistance = values.Integer("relative_attention_max_distance", 128),
            Activation = ParseActivation(values.Text("dense_act_fn", activation), path),
            GatedFeedForward = values.Flag("is_gated_act", gated),
            TieWordEmbeddings = values.Flag("tie_word_embeddings", !multilingual),
            DropoutRate = values.Number("dropout_rate", 0.1),
            LayerNormEpsilon = values.Number("layer_norm_epsilon", 1e-6),
            InitializerFactor = values.Number("initializer_factor", 1),
            PadTokenId = values.Integer("pad_token_id", 0),
            EosTokenId = values.Integer("eos_token_id", 1),
            DecoderStartTokenId = values.Integer("decoder_start_token_id", 0),
        }.Validated(path);
    }

    public static void Write(T5Config config, string path)
    {
        var activation = Name(config.Activation);
        var values = new JsonObject
        {
            ["architectures"] = new JsonArray(config.ModelType == "mt5" ? "MT5ForConditionalGeneration" : "T5ForConditionalGeneration"),
            ["model_type"] = config.ModelType,
            ["is_encoder_decoder"] = true,
            ["vocab_size"] = config.VocabularySize,
            ["d_model"] = config.ModelWidth,
            ["d_kv"] = config.HeadWidth,
            ["d_ff"] = config.FeedForwardWidth,
            ["num_heads"] = config.Heads,
            ["num_layers"] = config.EncoderLayers,
            ["num_decoder_layers"] = config.DecoderLayers,
            ["relative_attention_num_buckets"] = config.RelativePositionBuckets,
            ["relative_attention_max_distance"] = config.RelativePositionMaxDistance,
            ["feed_forward_proj"] = config.GatedFeedForward ? "gated-" + activation.Replace("gelu_new", "gelu") : activation,
            ["dense_act_fn"] = activation,
            ["is_gated_act"] = config.GatedFeedForward,
            ["tie_word_embeddings"] = config.TieWordEmbeddings,
            ["dropout_rate"] = config.DropoutRate,
            ["layer_norm_epsilon"] = config.LayerNormEpsilon,
            ["initializer_factor"] = config.InitializerFactor,
            ["pad_token_id"] = config.PadTokenId,
            ["eos_token_id"] = config.EosTokenId,
            ["decoder_start_token_id"] = config.DecoderStartTokenId,
            ["use_cache"] = true,
        };
        AtomicFile.Write(path, stream =>
        {
            using var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true });
            values.WriteTo(writer, Indented);
        });
    }

    private static FeedForwardActivation ParseActivation(string name, string path) => name switch
    {
        "relu" => FeedForwardActivation.Relu,
        "gelu" => FeedForwardActivation.Gelu,
        "gelu_new" or "gelu_pytorch_tanh" or "gelu_fast" => FeedForwardActivation.GeluTanh,
        "silu" or "swish" => FeedForwardActivation.Silu,
        _ => throw new InvalidDataException($"{path}: the activation '{name}' is not supported; use relu, gelu, gelu_new or silu."),
    };

    private static string Name(FeedForwardActivation activation) => activation switch
    {
        FeedForwardActivation.Relu => "relu",
        FeedForwardActivation.Gelu => "gelu",
        FeedForwardActivation.GeluTanh => "gelu_new",
        FeedForwardActivation.Silu => "silu",
        _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, "Unknown activation."),
    };
}
