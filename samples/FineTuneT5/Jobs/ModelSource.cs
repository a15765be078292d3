using SamSharp.Samples.T5.Checkpoints;
using SamSharp.Samples.T5.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace SamSharp.Samples.FineTuneT5.Jobs;

/// <summary>Where a run's model comes from: a folder with weights, or fresh ones in a named size or in the shape of a <c>config.json</c>.</summary>
public sealed class ModelSource
{
    private readonly string _model;
    private readonly string? _folder;
    private readonly string? _shape;

    /// <param name="model">A named size, a folder, a name in the hub's cache, or a file with the shape of a fresh model.</param>
    /// <param name="vocabulary">The <c>spiece.model</c>, or null for the one that belongs to the model.</param>
    public ModelSource(string model, string? vocabulary)
    {
        _model = model;
        _shape = File.Exists(model) ? model : null;
        _folder = Directory.Exists(model) ? model : HubCache.Find(model);
        if (_folder is null && _shape is null && model.AsSpan().ContainsAny('/', '\\'))
        {
            throw new DirectoryNotFoundException(
                $"There is no model folder '{model}', and no such model in the hub's cache: give a folder with config.json and model.safetensors, or a size such as tiny.");
        }
        Vocabulary = vocabulary ?? (_folder is null ? CarriedData.Vocabulary : Path.Combine(_folder, "spiece.model"));
        if (!File.Exists(Vocabulary))
            throw new FileNotFoundException($"There is no vocabulary {Vocabulary}: name one with --tokenizer.");
    }

    /// <summary>The <c>spiece.model</c> that goes with the model.</summary>
    public string Vocabulary { get; }

    /// <summary>The model's shape; nothing large is allocated for it.</summary>
    public T5Config Config(int vocabularySize)
    {
        var file = _shape ?? (_folder is null ? null : Path.Combine(_folder, "config.json"));
        if (file is null)
            return T5Config.Named(_model, vocabularySize);
        var config = T5Config.Load(file);
        return config.VocabularySize >= vocabularySize
            ? config
            : throw new InvalidDataException(
                $"The model of {file} has {config.VocabularySize} embeddings, fewer than the {vocabularySize} ids of {Vocabulary}: give the model's own vocabulary with --tokenizer.");
    }

    /// <summary>The model with its first weights: the folder's, or fresh ones from the seed.</summary>
    public T5Model Create(T5Config config, int seed, Device device, ScalarType dtype)
    {
        if (_folder is not null)
            return T5Checkpoint.Load(_folder, device, dtype);
        using var generator = new Generator((ulong)seed);
        var model = new T5Model(config, generator);
        model.to(dtype);
        model.to(device.type, device.index);
        return model;
    }
}
