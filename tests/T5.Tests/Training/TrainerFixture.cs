using SamSharp.Samples.T5.Checkpoints;
using SamSharp.Samples.T5.Model;
using SamSharp.Samples.T5.Sampling;
using SamSharp.Samples.T5.Training;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Tests.Training;

/// <summary>A model of a few hundred weights, rows it can learn, and a trainer for them.</summary>
public abstract class TrainerFixture
{
    private static readonly T5Config Config = new()
    {
        VocabularySize = 20,
        ModelWidth = 8,
        HeadWidth = 4,
        Heads = 2,
        FeedForwardWidth = 16,
        EncoderLayers = 1,
        DecoderLayers = 1,
    };

    protected static readonly TrainingOptions Options =
        new() { Steps = 11, BatchSize = 4, LogEvery = 3, EvaluateEvery = 4, Schedule = "linear", WarmupSteps = 2 };

    // Rows whose target is their first id.
    protected static readonly EncodedExample[] Rows =
        [.. Enumerable.Range(0, 10).Select(i => new EncodedExample([3 + i % 5, 10, .. Enumerable.Repeat(11, i % 3), 1], [3 + i % 5, 1]))];

    protected static T5Model NewModel(double? dropout = null)
    {
        using var generator = new Generator(1);
        return new T5Model(dropout is { } rate ? Config with { DropoutRate = rate } : Config, generator);
    }

    // All weights after a run.
    protected static float[] Trained(TrainingOptions options, TrainingFolder folder, string? checkpoint = null, EncodedExample[]? rows = null,
        double? dropout = null, ScalarType? activations = null)
    {
        using var model = checkpoint is null ? NewModel(dropout) : T5Checkpoint.Load(checkpoint);
        model.ComputeType = activations ?? model.Type;
        using var trainer = new Trainer(model, 0, rows ?? Rows, options, folder, checkpoint);
        trainer.Run();
        Assert.All(model.parameters(), parameter => Assert.Equal(ScalarType.Float32, parameter.dtype));
        return Weights(model);
    }

    protected static float[] Weights(T5Model model) => [.. model.parameters().SelectMany(parameter => parameter.data<float>().ToArray())];

    private protected static TrainingFolder Folder(TemporaryFolder folder, string name) => new(Path.Combine(folder.Path, name), Sentences.Vocabulary);

    protected static Trainer NewTrainer(T5Model model, TrainingOptions options, TrainingFolder folder, string? checkpoint, int saveEvery = 0,
        Func<IReadOnlyDictionary<string, double>>? evaluate = null, string stoppingMetric = "loss", string[]? keepBest = null, int[]? taskRows = null)
        => new(model, 0, Rows, options, folder, checkpoint, taskRows)
        {
            Evaluate = evaluate ?? (() =>
            {
                using var gradientFree = no_grad();
                using var batch = Batch.Collate(Rows, 0, CPU);
                using var loss = model.Loss(batch.InputIds, batch.AttentionMask, batch.Labels);
                return new Dictionary<string, double> { ["loss"] = loss.item<float>() };
            }),
            StoppingMetric = stoppingMetric,
            KeepBest = keepBest ?? [],
            SaveEvery = saveEvery,
        };
}
