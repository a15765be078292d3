using System.Text.Json;
using System.Text.Json.Nodes;
using SamSharp.Samples.Encoders.Model;
using SamSharp.Samples.Encoders.Tokenization;
using SamSharp.Samples.T5.Checkpoints;
using SamSharp.Samples.T5.Files;
using SamSharp.Samples.T5.Tokenization;
using static TorchSharp.torch;

namespace SamSharp.Samples.Encoders.Sources;

/// <summary>Writes an encoder as a folder that <see cref="FolderSource"/> and Hugging Face read.</summary>
public static class EncoderFiles
{
    public const string Config = "config.json";
    public const string Vocabulary = "vocab.txt";
    internal const string TokenizerConfig = TokenizerSettings.ConfigFile;

    /// <summary>Whether a parameter belongs to the classifier.</summary>
    internal static bool IsHead(string name) => name.StartsWith("classifier.", StringComparison.Ordinal);

    /// <summary>
    /// Writes weights, shape and vocabulary. Hugging Face's <c>BertModel</c> reads the encoder; its classifier stands on another pooling, so the
    /// one here is read only by <see cref="FolderSource"/>.
    /// </summary>
    /// <param name="labels">What the classifier tells apart; empty without one.</param>
    /// <param name="type">Default: the weights' own type.</param>
    public static void Save(
        EncoderModel model, WordPieceTokenizer tokenizer, IReadOnlyList<string> labels, string folder, ScalarType? type = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        using var scope = NewDisposeScope();
        using var gradientFree = no_grad();
        Directory.CreateDirectory(folder);
        SafetensorsFile.Save(Path.Combine(folder, SafetensorsFolder.SingleFile),
            model.OwnParameters().Select(item => (item.Name, type is { } given ? item.Parameter.to(given) : item.Parameter)),
            new Dictionary<string, string> { ["format"] = "pt" });
        WriteJson(Path.Combine(folder, Config), ConfigOf(model.Config, labels));
        WriteJson(Path.Combine(folder, TokenizerConfig), new()
        {
            ["do_lower_case"] = tokenizer.LowerCase,
            ["strip_accents"] = tokenizer.StripAccents,
            ["tokenize_chinese_chars"] = tokenizer.SplitChinese,
            ["tokenizer_class"] = "BertTokenizer",
        });
        AtomicFile.Write(Path.Combine(folder, Vocabulary), stream => stream.Write(tokenizer.Vocabulary.Span));
    }

    private static JsonObject ConfigOf(BertConfig config, IReadOnlyList<string> labels)
    {
        var values = new JsonObject
        {
            ["architectures"] = new JsonArray("BertModel"),
            ["model_type"] = "bert",
            ["vocab_size"] = config.VocabularySize,
            ["hidden_size"] = config.Width,
            ["num_hidden_layers"] = config.Layers,
            ["num_attention_heads"] = config.Heads,
            ["intermediate_size"] = config.InnerWidth,
            ["max_position_embeddings"] = config.Positions,
            ["type_vocab_size"] = config.Segments,
            ["layer_norm_eps"] = config.NormEpsilon,
            ["hidden_dropout_prob"] = config.Dropout,
            ["attention_probs_dropout_prob"] = config.Dropout,
            ["pad_token_id"] = config.PadId,
            ["hidden_act"] = "gelu",
        };
        if (labels.Count > 0)
        {
            values["id2label"] = new JsonObject(labels.Select((label, i) => KeyValuePair.Create($"{i}", (JsonNode?)label)));
            values["label2id"] = new JsonObject(labels.Select((label, i) => KeyValuePair.Create(label, (JsonNode?)i)));
        }
        return values;
    }

    private static void WriteJson(string path, JsonObject values) => AtomicFile.Write(path, stream =>
    {
        using var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true });
        values.WriteTo(writer);
    });
}
