using SamSharp.Samples.T5.Checkpoints;
using SamSharp.Samples.T5.Evaluation;
using SamSharp.Samples.T5.Model;
using SamSharp.Samples.T5.Sampling;
using SamSharp.Samples.T5.Tasks;
using SamSharp.Samples.T5.Tokenization;
using SamSharp.Samples.T5.Training;
using static TorchSharp.torch;

namespace SamSharp.Samples.FineTuneT5.Setup;

/// <summary>The resolved <see cref="RunRequest"/>: the model's files and shape, its vocabulary, and the device. No weights are read yet.</summary>
public sealed record RunSetup(ModelSource Source, T5Tokenizer Tokenizer, T5Config Config, Device Device, NumberTypes Types) : IModelKit
{
    /// <inheritdoc/>
    public long ParameterCount => Config.ParameterCount;

    /// <inheritdoc/>
    public int PadId => Tokenizer.PadId;

    public static RunSetup Load(RunRequest request, CancellationToken cancellation)
    {
        var device = Devices.Find(request.Device);
        var source = new ModelSource(request.Model, request.Tokenizer, cancellation);
        var tokenizer = T5Tokenizer.Load(source.Vocabulary);
        return new(source, tokenizer, source.Config(tokenizer), device, request.Types);
    }

    /// <summary>A T5 writes the labels of any task.</summary>
    public static KitFinder Finder(RunRequest request, CancellationToken cancellation)
    {
        var setup = Load(request, cancellation);
        return (_, _) => setup;
    }

    /// <inheritdoc/>
    public void RequireMemory(string model, TrainingOptions options)
    {
        if (Device.type == TorchSharp.DeviceType.CPU) MemoryCheck.Require(model, ParameterCount, options, Types.BytesPerWeight);
    }

    /// <inheritdoc/>
    public TrainedModel Create(TrainingOptions options, string? checkpoint = null)
    {
        var model = CreateModel(options, options.LoraRank is null ? checkpoint : null);
        LoraSetup.Attach(model, options, checkpoint);
        return model;
    }

    /// <summary>The same, as the T5 that it is.</summary>
    public T5Model CreateModel(TrainingOptions options, string? checkpoint = null)
    {
        var model = Source.Create(Config, options, Device, Types, checkpoint);
        model.LossCeiling = options.LossCeiling;
        return model;
    }

    /// <inheritdoc/>
    public void Save(TrainedModel model, string folder, ScalarType? type = null)
    {
        if (model.Adapters is { IsMerged: false } adapters) LoraFiles.Save(adapters, folder, type);
        else T5Checkpoint.Save((T5Model)model, folder, Source.Vocabulary, type);
    }

    /// <inheritdoc/>
    public IReadOnlyList<EncodedExample> Encode(IReadOnlyList<TaskExample> examples, TrainingOptions options) => options.Encode(examples, Tokenizer);

    /// <inheritdoc/>
    public ModelEvaluator Evaluator(
        IReadOnlyList<(T5Task Task, IReadOnlyList<TaskExample> Examples)> parts, TrainingOptions options,
        IReadOnlyList<TaskExample>? calibration = null)
    {
        var evaluator = new MixtureEvaluator(parts, Tokenizer, options);
        return (model, measuring) => new(evaluator.Evaluate((T5Model)model, measuring));
    }
}
