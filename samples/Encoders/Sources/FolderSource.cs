using System.Globalization;
using System.Text;
using System.Text.Json;
using SamSharp.Samples.Encoders.Model;
using SamSharp.Samples.Encoders.Tokenization;
using SamSharp.Samples.T5.Checkpoints;
using SamSharp.Samples.T5.Files;
using SamSharp.Samples.T5.Model;
using SamSharp.Samples.T5.Tokenization;
using TorchSharp.Modules;

namespace SamSharp.Samples.Encoders.Sources;

/// <summary>A BERT in a folder as Hugging Face lays it out: <c>config.json</c>, <c>model.safetensors</c> and <c>vocab.txt</c>.</summary>
public sealed class FolderSource : EncoderSource
{
    // Models with a head of Hugging Face's hold the encoder under this name; the first ones name a norm's weights as TensorFlow does.
    private const string Prefix = "bert.";

    private readonly string _folder;
    private readonly Lazy<WordPieceTokenizer> _tokenizer;

    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">The configuration is malformed, or not of a BERT.</exception>
    public FolderSource(string folder)
    {
        _folder = folder;
        var path = Path.Combine(folder, EncoderFiles.Config);
        var vocabulary = Path.Combine(folder, EncoderFiles.Vocabulary);
        foreach (var file in new[] { path, vocabulary }.Where(file => !File.Exists(file)))
            throw new FileNotFoundException($"{file}: there is no such file. The folder of an encoder holds it.", file);
        Config = Read(path);
        Labels = ReadLabels(path);
        _tokenizer = new(() => Read(folder, vocabulary, Config.VocabularySize));
    }

    /// <inheritdoc/>
    public override BertConfig Config { get; }

    /// <inheritdoc/>
    public override WordPieceTokenizer Tokenizer => _tokenizer.Value;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Labels { get; }

    /// <inheritdoc/>
    protected override void RequireWeights()
    {
        using var weights = SafetensorsFolder.Open(_folder);
        var held = weights.Tensors.Sum(tensor => tensor.Value.Entries[tensor.Key].Shape.Aggregate(1.0, (product, size) => product * size));
        // Where the difference is small, the model is built, so that the weight that does not fit can be named.
        if (Config.ParameterCount > 2 * held)
            throw new InvalidDataException($"{weights.Path} does not fit {EncoderFiles.Config}: it holds {held:N0} weights, and an encoder of this " +
                $"shape has {Config.ParameterCount:N0}.");
    }

    /// <inheritdoc/>
    protected override void Fill(IReadOnlyDictionary<string, Parameter> parameters)
    {
        using var weights = SafetensorsFolder.Open(_folder);
        var sources = parameters.Keys.ToDictionary(name => name, name => Names(name).FirstOrDefault(weights.Tensors.ContainsKey));
        if (string.Join(", ", sources.Where(source => source.Value is null).Select(source => source.Key)) is { Length: > 0 } missing)
            throw new InvalidDataException($"{weights.Path} does not fit {EncoderFiles.Config}: missing: {missing}");
        foreach (var (name, parameter) in parameters)
        {
            var shape = weights.Tensors[sources[name]!].Entries[sources[name]!].Shape;
            if (!parameter.shape.AsSpan().SequenceEqual([.. shape]))
            {
                throw new InvalidDataException($"{weights.Path} does not fit {EncoderFiles.Config}: {name} is [{string.Join(", ", shape)}] instead " +
                    $"of [{string.Join(", ", parameter.shape)}]");
            }
        }
        foreach (var (name, parameter) in parameters)
            weights.Tensors[sources[name]!].ReadInto(sources[name]!, parameter);
    }

    private static IEnumerable<string> Names(string name)
    {
        var old = name.Replace("LayerNorm.weight", "LayerNorm.gamma", StringComparison.Ordinal)
            .Replace("LayerNorm.bias", "LayerNorm.beta", StringComparison.Ordinal);
        return [name, Prefix + name, old, Prefix + old];
    }

    private static BertConfig Read(string path)
    {
        var values = new JsonValues(path);
        Require("model_type", values.Text("model_type", "bert"), "bert");
        Require("hidden_act", values.Text("hidden_act", "gelu"), "gelu");
        Require("position_embedding_type", values.Text("position_embedding_type", "absolute"), "absolute");
        var shape = new BertConfig();
        return new BertConfig
        {
            VocabularySize = values.Integer("vocab_size", shape.VocabularySize),
            Width = values.Integer("hidden_size", shape.Width),
            Layers = values.Integer("num_hidden_layers", shape.Layers),
            Heads = values.Integer("num_attention_heads", shape.Heads),
            InnerWidth = values.Integer("intermediate_size", shape.InnerWidth),
            Positions = values.Integer("max_position_embeddings", shape.Positions),
            Segments = values.Integer("type_vocab_size", shape.Segments),
            NormEpsilon = values.Number("layer_norm_eps", shape.NormEpsilon),
            Dropout = values.Number("hidden_dropout_prob", shape.Dropout),
            PadId = values.Integer("pad_token_id", shape.PadId),
        }.Validated(path);

        void Require(string key, string value, string supported)
        {
            if (value != supported)
                throw new InvalidDataException($"{path}: {key} is '{value}'; only {supported} is supported.");
        }
    }

    private static string[] ReadLabels(string path)
    {
        return JsonText.Read(path).Find("id2label") is { Kind: JsonValueKind.Object } labels
            ? [.. labels.Members().OrderBy(label => int.TryParse(label.Name, CultureInfo.InvariantCulture, out var id) ? id : int.MaxValue)
                .Select(label => label.Value.Text())]
            : [];
    }

    /// <summary>The tokenizer that the files describe; what it would not do is refused.</summary>
    private static WordPieceTokenizer Read(string folder, string vocabulary, int size)
    {
        var settings = new TokenizerSettings(folder);
        foreach (var name in new[] { "pad", "unk", "cls", "sep", "mask" })
            settings.RequireToken($"{name}_token", $"[{name.ToUpperInvariant()}]");
        var bytes = File.ReadAllBytes(vocabulary);
        var lines = Encoding.UTF8.GetString(bytes).Split('\n').Select(line => line.TrimEnd('\r')).ToArray();
        var pieces = lines.Length - (lines[^1].Length == 0 ? 1 : 0);
        if (pieces > size)
            throw new InvalidDataException($"{vocabulary}: it has {pieces} pieces, and vocab_size in {EncoderFiles.Config} is {size}.");
        settings.RequireKnown(id => id >= 0 && id < lines.Length ? lines[id] : null);
        if (settings.Flag("do_basic_tokenize") == false)
            throw settings.Refused("do_basic_tokenize", "is false, and only text that is split at white space and punctuation is supported.");
        return new(bytes, settings.Flag("do_lower_case") ?? true, vocabulary, settings.Flag("strip_accents"),
            settings.Flag("tokenize_chinese_chars") ?? true);
    }
}
