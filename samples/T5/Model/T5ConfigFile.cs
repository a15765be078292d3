using System.Text.Json;
using System.Text.Json.Nodes;
using SamSharp.Samples.T5.Files;

namespace SamSharp.Samples.T5.Model;

/// <summary>Reads and writes Hugging Face's <c>config.json</c>.</summary>
internal static class T5ConfigFile
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <param name="path">The file.</param>
    /// <param name="vocabulary">The ids of its vocabulary: they fill in for ids that the file lacks, and must be those that it has.</param>
    public static T5Config Read(string path, SpecialIds? vocabulary)
    {
        if (!File.Exists(path))
            throw new FileNotFoundException($"{path}: there is no such file. A model folder contains a config.json.", path);

        var values = JsonText.Read(path);
        var type = values.Find("model_type")?.Text() ?? "t5";
        if (type is not ("t5" or "mt5"))
        {
            throw new InvalidDataException(
                $"{path}: model_type is '{FilePlace.Excerpt(type)}'; only t5 and mt5 (which cover T5 v1.1 and byT5) are supported.");
        }
        var multilingual = type == "mt5";
        var (activation, gated) = Projection(values, multilingual ? "gated-gelu" : "relu");
        var layers = values["num_layers"].WholeNumber();
        var pad = values.Find("pad_token_id")?.WholeNumber() ?? vocabulary?.Pad ?? 0;

        var config = new T5Config
        {
            ModelType = type,
            VocabularySize = values["vocab_size"].WholeNumber(),
            ModelWidth = values["d_model"].WholeNumber(),
            HeadWidth = values["d_kv"].WholeNumber(),
            Heads = values["num_heads"].WholeNumber(),
            FeedForwardWidth = values["d_ff"].WholeNumber(),
            EncoderLayers = layers,
            DecoderLayers = values.Find("num_decoder_layers")?.WholeNumber() ?? layers,
            RelativePositionBuckets = values.Find("relative_attention_num_buckets")?.WholeNumber() ?? 32,
            RelativePositionMaxDistance = values.Find("relative_attention_max_distance")?.WholeNumber() ?? 128,
            Activation = activation,
            GatedFeedForward = values.Find("is_gated_act")?.Flag() ?? gated,
            // What is tied is scaled: since version 5 transformers writes tie_word_embeddings true for every T5, and this tells which one is.
            TieWordEmbeddings = values.Find("scale_decoder_outputs")?.Flag() ?? values.Find("tie_word_embeddings")?.Flag() ?? !multilingual,
            DropoutRate = values.Find("dropout_rate")?.Number() ?? 0.1,
            LayerNormEpsilon = values.Find("layer_norm_epsilon")?.Number() ?? 1e-6,
            InitializerFactor = values.Find("initializer_factor")?.Number() ?? 1,
            PadTokenId = pad,
            EosTokenId = values.Find("eos_token_id")?.WholeNumber() ?? vocabulary?.Eos ?? 1,
            DecoderStartTokenId = values.Find("decoder_start_token_id")?.WholeNumber() ?? pad,
        }.Validated(path);
        T5ConfigKeys.Check(values);
        if (vocabulary is not null)
            config.RequireIds(path, vocabulary);
        CheckGeneration(path, config);
        return config;
    }

    // transformers generates with the ids of this file where there is one.
    private static void CheckGeneration(string path, T5Config config)
    {
        var generation = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, "generation_config.json");
        if (Path.GetFileName(path) != "config.json" || !File.Exists(generation))
            return;
        var values = JsonText.Read(generation);
        foreach (var (key, id) in new[]
                 {
                     ("pad_token_id", config.PadTokenId), ("eos_token_id", config.EosTokenId),
                     ("decoder_start_token_id", config.DecoderStartTokenId),
                 })
        {
            if (values.Find(key) is not { } value)
                continue;
            var ids = value.Kind == JsonValueKind.Array ? [.. value.Items().Select(item => item.WholeNumber())] : new[] { value.WholeNumber() };
            if (!ids.Contains(id))
                throw value.Refused($"is {FilePlace.Excerpt(value.Json())}, but {path} has {id}. Make them agree.");
        }
    }

    private static (FeedForwardActivation Activation, bool Gated) Projection(JsonField values, string byDefault)
    {
        var (key, given) = ("feed_forward_proj", values.Find("feed_forward_proj"));
        var parts = (given?.Text() ?? byDefault).Split('-');
        var gated = parts is ["gated", _];
        if (parts.Length > 1 && !gated)
            throw values[key].Unexpected("an activation, or gated- and an activation");
        // Checkpoints say "gated-gelu" and mean the tanh form.
        var name = gated && parts[^1] == "gelu" ? "gelu_new" : parts[^1];
        if (values.Find("dense_act_fn") is { } activation)
            (key, name) = ("dense_act_fn", activation.Text());
        return (Parse(name) ?? throw values[key].Refused(
            $"names an activation, and '{FilePlace.Excerpt(name)}' is not supported; use relu, gelu, gelu_new or silu."), gated);
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

    private static FeedForwardActivation? Parse(string name) => name switch
    {
        "relu" => FeedForwardActivation.Relu,
        "gelu" => FeedForwardActivation.Gelu,
        "gelu_new" or "gelu_pytorch_tanh" or "gelu_fast" => FeedForwardActivation.GeluTanh,
        "silu" or "swish" => FeedForwardActivation.Silu,
        _ => null,
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
