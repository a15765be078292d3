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

        using var scope = NewDisposeScope();
        using var model = inputs.Kit.Create(options, checkpoint);
        var dev = inputs.Evaluator(test: false, options);
        using var trainer = new Trainer(model, inputs.Kit.PadId, rows, options, folder, checkpoint, counts, group)
        {
            Evaluate = () => dev(model),
            KeepBest = request.KeepBest,
            StoppingMetric = inputs.MainMetric,
            SaveEvery = request.Checkpoints.Every,
        };
        if (observer is not null)
        {
            trainer.Observers.Add(observer);
            trainer.Observers.Add(new TensorBoardLog(folder.TensorBoard));
        }
        if (trainer.IsDone && File.Exists(ResultFile))
        {
            if (!group.IsFirst)
                return null;
            SaveLandscape(model, measured, options);
            return RunResult.Load(ResultFile);
        }
        trainer.Run(cancellation);
        if (!group.IsFirst)
            return null;

        var result = Measure(model, measured, options, trainer);
        SaveLandscape(model, measured, options);
        if (model.Adapters is { } adapters) folder.SaveAdapted(model, adapters);
        else folder.SaveModel(model);
        result.Save(ResultFile);
        return result;
    }

    private int StepsOf(double epochs, IReadOnlyList<int> counts) =>
        Math.Max(1, (int)Math.Ceiling(epochs * MixtureSampler.Weight(counts, plan.Options.MixtureCap) / plan.Options.BatchSize));

    private RunResult Measure(TrainedModel model, IReadOnlyList<EncodedExample> rows, TrainingOptions options, Trainer trainer)
    {
        var (radius, sharpness) = (SharpnessRho(options), Sharpness(model, rows, options));
        trainer.Report(new(trainer.Step, "train", new Dictionary<string, double> { ["sharpness"] = sharpness, ["sharpness_rho"] = radius }));
        if (inputs.HasTest)
            trainer.Report(new(trainer.Step, "test", inputs.Evaluator(test: true, options)(model)));

        var heldOut = trainer.Metrics.Last(record => record.Split == (inputs.HasTest ? "test" : "dev"));
        return new RunResult(plan.Name, options.Seed, trainer.Step, heldOut.Split, inputs.MainMetric,
            heldOut.Values[inputs.MainMetric], heldOut.Values["loss"], sharpness, radius, trainer.MedianStepMilliseconds);
    }

    private double Sharpness(TrainedModel model, IReadOnlyList<EncodedExample> rows, TrainingOptions options)
    {
        using var surface = TrainingLoss.Surface(model, inputs.Kit.PadId, rows.Take(SharpnessRows), options.BatchSize);
        return new BatchwiseSharpness(new OneStepSharpness(new Ball(SharpnessRho(options)))).Measure(surface)[0].Value;
    }

    private void SaveLandscape(TrainedModel model, IReadOnlyList<EncodedExample> rows, TrainingOptions options)
    {
        if (!request.Landscape || File.Exists(plan.LandscapeFile))
            return;
        using var surface = TrainingLoss.Surface(model, inputs.Kit.PadId, rows.Take(LandscapeRows), options.BatchSize);
        Landscape.Measure(plan.Name, surface, SharpnessRho(options)).Save(plan.LandscapeFile);
    }

    private double SharpnessRho(TrainingOptions options) =>
        options.Recipe != "sam" || request.Training.Rho == 0 ? DefaultSharpnessRho : request.Training.Rho;
}
