using SamSharp.Samples.T5.Checkpoints;
using SamSharp.Samples.T5.Hub;
using SamSharp.Samples.T5.Model;
using SamSharp.Samples.T5.Tokenization;
using SamSharp.Samples.T5.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace SamSharp.Samples.FineTuneT5.Setup;

/// <summary>The source of a run's model: a folder with weights, or new weights with a named size or the shape of a <c>config.json</c>.</summary>
public sealed class ModelSource
{
    private readonly string _model;
    private readonly string? _folder;
    private readonly string? _shape;

    /// <param name="model">The bundled model, a named size, a folder, a name on the hub, or a file with the shape of a new model.</param>
    /// <param name="vocabulary">The <c>spiece.model</c>; null uses the model's own.</param>
    public ModelSource(string model, string? vocabulary, CancellationToken cancellation)
    {
        _model = model;
        _shape = File.Exists(model) ? model : null;
        _folder = _shape is not null ? null
            : model == BundledModel.Name ? BundledModel.Folder
            : Directory.Exists(model) ? model
            : FromHub(model, new(WithVocabulary: vocabulary is null), cancellation);
        Vocabulary = vocabulary ?? (_folder is null ? BundledData.Vocabulary : Path.Combine(_folder, ModelFiles.Vocabulary));
        if (!File.Exists(Vocabulary))
            throw new FileNotFoundException($"There is no vocabulary {Vocabulary}: name one with --tokenizer.");
    }

    /// <summary>The model's <c>spiece.model</c>.</summary>
    public string Vocabulary { get; }

    /// <summary>Whether the model starts from random weights.</summary>
    public bool IsFresh => _folder is null;

    /// <summary>The model's shape; nothing large is allocated for it.</summary>
    public T5Config Config(T5Tokenizer tokenizer)
    {
        var (vocabularySize, ids) = (tokenizer.VocabularySize, new SpecialIds(tokenizer.PadId, tokenizer.EosId, Vocabulary));
        var file = _shape ?? (_folder is null ? null : Path.Combine(_folder, "config.json"));
        if (file is null)
            return T5Config.Named(_model, vocabularySize, ids);
        var config = T5Config.Load(file, ids);
        return config.VocabularySize >= vocabularySize
            ? config
            : throw new InvalidDataException(
                $"The model of {file} has {config.VocabularySize} embeddings, fewer than the {vocabularySize} ids of {Vocabulary}: give the " +
                    "model's own vocabulary with --tokenizer.");
    }

    /// <summary>Creates the model with a checkpoint's weights, or else the folder's, or else random ones from the options' seed.</summary>
    public T5Model Create(T5Config config, TrainingOptions options, Device device, NumberTypes types, string? checkpoint = null)
    {
        var model = (checkpoint ?? _folder) is { } folder
            ? T5Checkpoint.Load(folder, device, types.Weights, options.Dropout)
            : Fresh(config, options, device, types.Weights);
        model.ComputeType = types.Activations;
        return model;
    }

    private static T5Model Fresh(T5Config config, TrainingOptions options, Device device, ScalarType type)
    {
        using var generator = new Generator((ulong)options.Seed);
        var model = new T5Model(config, generator, options.Dropout);
        model.to(type);
        model.to(device.type, device.index);
        return model;
    }

    // The model's folder in the hub's cache, downloaded if necessary; null for a word that may be a named size.
    private static string? FromHub(string model, ModelFiles files, CancellationToken cancellation)
    {
        if (HubName.Parse(model) is not { } name)
        {
            return model.AsSpan().ContainsAny('/', '\\')
                ? throw new DirectoryNotFoundException(
                    $"There is no model folder '{model}': give a folder with config.json and model.safetensors, a name on the hub such as " +
                        "google-t5/t5-small, or a size such as tiny.")
                : null;
        }
        return HubModel.Folder(name, files, cancellation);
    }
}
