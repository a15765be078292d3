using SamSharp.Samples.Encoders.Model;
using SamSharp.Samples.Encoders.Tokenization;
using TorchSharp.Modules;

namespace SamSharp.Samples.Encoders.Sources;

/// <summary>An encoder from a package, whose files are checked by their hashes whenever they are read.</summary>
public sealed class PackagedSource(PackagedModel model) : EncoderSource
{
    private readonly Lazy<WordPieceTokenizer> _tokenizer = new(() => new(model.ReadVocabulary(), lowerCase: true, model.Package));
    private readonly Lazy<OnnxWeights> _weights = new(() => OnnxWeights.Parse(model.ReadModel(), model.Package));

    /// <summary>The shape of both models: MiniLM with six layers.</summary>
    public override BertConfig Config { get; } = new() { Width = 384, Layers = 6, InnerWidth = 1536 };

    /// <inheritdoc/>
    public override WordPieceTokenizer Tokenizer => _tokenizer.Value;

    /// <inheritdoc/>
    protected override void Fill(IReadOnlyDictionary<string, Parameter> parameters)
    {
        foreach (var (name, parameter) in parameters)
            _weights.Value.ReadInto(name, parameter);
    }
}
