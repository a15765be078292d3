using SamSharp.Analysis;
using SamSharp.Distributed;
using SamSharp.Samples.FineTuneT5.Comparison;
using SamSharp.Samples.FineTuneT5.Setup;
using SamSharp.Samples.T5.Model;
using SamSharp.Samples.T5.Monitoring;
using SamSharp.Samples.T5.Sampling;
using SamSharp.Samples.T5.Training;
using static TorchSharp.torch;

namespace SamSharp.Samples.FineTuneT5.FineTuning;

/// <summary>Trains one model, or resumes training it, and measures it at the end.</summary>
public sealed class FineTuneRun(FineTuneRequest request, FineTuneInputs inputs, RunPlan plan, ProcessGroup group)
{
    /// <summary>Maximum number of training rows for sharpness, taken from all tasks in turn.</summary>
    private const int SharpnessRows = 1024;

    /// <summary>Maximum number of rows for the landscape, which takes many more passes.</summary>
    private const int LandscapeRows = 128;

    private const double DefaultSharpnessRho = 0.05;

    private string ResultFile => Path.Combine(plan.Folder, "result.json");

    /// <summary>Called by every process; the first measures and writes, and has the result.</summary>
    public RunResult? Execute(ITrainingObserver? observer, CancellationToken cancellation)
    {
        var examples = inputs.Tasks.Select(task => LabelNoise.Add(
            TrainingRows.Choose(task.Train, request.RowCount(task.Train.Count), plan.Options.Seed), request.LabelNoise, plan.Options.Seed)).ToList();
        var counts = examples.Select(task => task.Count).ToList();
        var options = request.Epochs is { } epochs
            ? plan.Options with { Steps = StepsOf(epochs, counts) }
            : plan.Options;
        var tasks = examples.Select(task => inputs.Kit.Encode(task, options)).ToList();
        EncodedExample[] rows = [.. tasks.SelectMany(task => task)];
        // Interleaved, so that the first rows cover every task.
        EncodedExample[] measured = [.. tasks.SelectMany(task => task.Index()).OrderBy(row => row.Index).Select(row => row.Item)];
        var folder = new TrainingFolder(plan.Folder, inputs.Kit.Save, request.Checkpoints.Keep);
        if (group.IsFirst)
            folder.CleanUp();
        var latest = group.Share(group.IsFirst && request.Run.Resume ? folder.LatestCheckpoint ?? "" : "");
        var checkpoint = latest.Length > 0 ? latest : null;
        if (group.IsFirst && checkpoint is null && Directory.Exists(folder.Path))
            Array.ForEach([ResultFile, plan.LandscapeFile], File.Delete); // of another run, whose checkpoints are gone

        using var scope = NewDisposeScope();
        using var model = inputs.Kit.Create(options, checkpoint);
        var dev = inputs.Evaluator(test: false, options);
        using var trainer = new Trainer(model, inputs.Kit.PadId, rows, options, folder, checkpoint, counts, group)
        {
            // Processes that wait for the first one's evaluation cannot be stopped in it.
            Evaluate = () => dev(model, new([.. Watching(observer)], group.Size > 1 ? CancellationToken.None : cancellation)).Values,
            KeepBest = request.KeepBest,
            StoppingMetric = inputs.MainMetric,
            SaveEvery = request.Checkpoints.Every,
        };
        var known = trainer.IsDone && Directory.Exists(folder.Model) ? KnownResult(trainer.Step) : null;
        if (known is null && observer is not null)
        {
            trainer.Observers.Add(observer);
            trainer.Observers.Add(new TensorBoardLog(folder.TensorBoard, trainer.Metrics));
        }
        trainer.Run(cancellation);
        if (!group.IsFirst)
            return null;
        if (known is null)
        {
            // What was trained is safe before it is measured, and an earlier result does not stay beside a later model.
            trainer.RequireFolder();
            if (KnownResult(trainer.Step) is null)
                File.Delete(ResultFile);
            if (model.Adapters is { } adapters) folder.SaveAdapted(model, adapters);
            else folder.SaveModel(model);
        }
        try
        {
            var watched = new Measuring(Watching(observer), cancellation);
            known ??= Measure(model, measured, options, trainer, watched);
            SaveLandscape(model, measured, options, trainer, watched);
            return known;
        }
        catch (OperationCanceledException stopped)
        {
            throw new OperationCanceledException(
                $"Stopped while measuring after step {trainer.Step}; the trained model is in {folder.Model}.", stopped, stopped.CancellationToken);
        }
    }

    private static ITrainingObserver[] Watching(ITrainingObserver? observer) => observer is null ? [] : [observer];

    // A run that was lengthened has an earlier result until it is measured again.
    private RunResult? KnownResult(int step)
    {
        var result = File.Exists(ResultFile) ? RunResult.Load(ResultFile) : null;
        return result?.Steps == step && result.Seed == plan.Options.Seed ? result : null;
    }

    private int StepsOf(double epochs, IReadOnlyList<int> counts) =>
        Math.Max(1, (int)Math.Ceiling(epochs * MixtureSampler.Weight(counts, plan.Options.MixtureCap) / plan.Options.BatchSize));

    private RunResult Measure(
        TrainedModel model, IReadOnlyList<EncodedExample> rows, TrainingOptions options, Trainer trainer, Measuring measuring)
    {
        var radius = SharpnessRho(options);
        var train = Once(trainer, record => record.Split == "train" && record.Values.ContainsKey("sharpness"), () => new(trainer.Step, "train",
            new Dictionary<string, double> { ["sharpness"] = Sharpness(model, rows, options, measuring), ["sharpness_rho"] = radius }));
        if (inputs.HasTest)
            Once(trainer, record => record.Split == "test",
                () => new(trainer.Step, "test", inputs.Evaluator(test: true, options)(model, measuring).Values));
        trainer.KeepReports();

        var heldOut = trainer.Metrics.Last(record => record.Split == (inputs.HasTest ? "test" : "dev"));
        var result = new RunResult(plan.Name, options.Seed, trainer.Step, heldOut.Split, inputs.MainMetric,
            heldOut.Values[inputs.MainMetric], heldOut.Values["loss"], train.Values["sharpness"], radius, trainer.MedianStepMilliseconds);
        result.Save(ResultFile);
        return result;
    }

    // A run that was killed between two measurements has the first one already.
    private static MetricsRecord Once(Trainer trainer, Func<MetricsRecord, bool> isIt, Func<MetricsRecord> measure)
    {
        if (trainer.Metrics.LastOrDefault(record => record.Step == trainer.Step && isIt(record)) is { } known)
            return known;
        var record = measure();
        trainer.Report(record);
        return record;
    }

    private double Sharpness(TrainedModel model, IReadOnlyList<EncodedExample> rows, TrainingOptions options, Measuring measuring)
    {
        using var surface = TrainingLoss.Surface(model, inputs.Kit.PadId, rows.Take(SharpnessRows), options.BatchSize, measuring);
        measuring.Begin("sharpness", 2 * surface.Batches.Count); // at the weights and beside them
        return new BatchwiseSharpness(new OneStepSharpness(new Ball(SharpnessRho(options)))).Measure(surface)[0].Value;
    }

    private void SaveLandscape(
        TrainedModel model, IReadOnlyList<EncodedExample> rows, TrainingOptions options, Trainer trainer, Measuring measuring)
    {
        if (!request.Landscape || Landscape.Find(plan.LandscapeFile, trainer.Step) is not null)
            return;
        using var surface = TrainingLoss.Surface(model, inputs.Kit.PadId, rows.Take(LandscapeRows), options.BatchSize, measuring);
        var landscape = Landscape.Measure(plan.Name, trainer.Step, surface, SharpnessRho(options), measuring);
        trainer.RequireFolder();
        landscape.Save(plan.LandscapeFile);
    }

    private double SharpnessRho(TrainingOptions options) =>
        options.Recipe != "sam" || request.Training.Rho == 0 ? DefaultSharpnessRho : request.Training.Rho;
}
