using SamSharp.Samples.Encoders.Evaluation;
using SamSharp.Samples.Encoders.Model;
using SamSharp.Samples.Encoders.Sources;
using SamSharp.Samples.Encoders.Tokenization;
using SamSharp.Samples.FineTuneT5.Setup;
using SamSharp.Samples.T5.Checkpoints;
using SamSharp.Samples.T5.Model;
using SamSharp.Samples.T5.Sampling;
using SamSharp.Samples.T5.Tasks;
using SamSharp.Samples.T5.Training;
using static TorchSharp.torch;

namespace SamSharp.Samples.FineTuneEncoder.Setup;

/// <summary>An encoder with a classifier for the labels of one task.</summary>
public sealed class EncoderKit(EncoderSource source, IReadOnlyList<string> labels, Device device, NumberTypes types) : IModelKit
{
    private readonly Dictionary<int, FrozenStates> _frozen = [];

    /// <inheritdoc/>
    public long ParameterCount => source.Config.ParameterCount + ((source.Config.Width + 1L) * labels.Count);

    /// <inheritdoc/>
    public int PadId => source.Tokenizer.PadId;

    /// <inheritdoc/>
    public TrainedModel Create(TrainingOptions options, string? checkpoint = null)
    {
        var from = checkpoint is null || options.LoraRank is not null ? source : new FolderSource(checkpoint);
        var model = from.Create(labels, options.Seed, device, types.Weights);
        model.ComputeType = types.Activations;
        model.TrainingDropout = options.Dropout;
        model.LossCeiling = options.LossCeiling;
        if (options.FrozenLayers is { } layers)
        {
            model.Freeze(layers);
            // A checkpoint's frozen layers are the source's.
            if (!_frozen.TryGetValue(layers, out var states))
                _frozen[layers] = states = new();
            model.FrozenStates = states;
        }
        LoraSetup.Attach(model, options, checkpoint);
        model.train();
        return model;
    }

    /// <inheritdoc/>
    public void Save(TrainedModel model, string folder, ScalarType? type = null)
    {
        if (model.Adapters is { IsMerged: false } adapters) LoraFiles.Save(adapters, folder, type);
        else EncoderFiles.Save((EncoderModel)model, source.Tokenizer, labels, folder, type);
    }

    /// <inheritdoc/>
    public IReadOnlyList<EncodedExample> Encode(IReadOnlyList<TaskExample> examples, TrainingOptions options) =>
        ClassificationRows.Encode(examples, labels, source.Tokenizer, MaxLength(options));

    /// <inheritdoc/>
    public ModelEvaluator Evaluator(
        IReadOnlyList<(T5Task Task, IReadOnlyList<TaskExample> Examples)> parts, TrainingOptions options,
        IReadOnlyList<TaskExample>? calibration = null)
    {
        var (task, examples) = parts.Single();
        var evaluator = new EncoderEvaluator(task, examples, labels, source.Tokenizer, MaxLength(options), options.BatchSize, calibration);
        return (model, measuring) => evaluator.Evaluate((EncoderModel)model, measuring);
    }

    /// <inheritdoc/>
    public void RequireMemory(string model, TrainingOptions options)
    {
        if (device.type == TorchSharp.DeviceType.CPU) MemoryCheck.Require(model, ParameterCount, options, types.BytesPerWeight);
    }

    private int MaxLength(TrainingOptions options) => Math.Min(options.MaxSourceLength, source.Config.Positions);
}
