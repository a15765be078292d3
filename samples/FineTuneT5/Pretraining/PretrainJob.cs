using SamSharp.Samples.FineTuneT5.Reporting;
using SamSharp.Samples.FineTuneT5.Setup;
using SamSharp.Samples.T5.Monitoring;
using SamSharp.Samples.T5.Pretraining;
using SamSharp.Samples.T5.Sampling;
using SamSharp.Samples.T5.Training;
using static TorchSharp.torch;

namespace SamSharp.Samples.FineTuneT5.Pretraining;

/// <summary>Pre-trains one model, or resumes pre-training it.</summary>
public static class PretrainJob
{
    public static void Run(PretrainRequest request, CancellationToken cancellation)
    {
        try
        {
            Pretrain(request, cancellation);
        }
        catch (OperationCanceledException stopped) when (cancellation.IsCancellationRequested)
        {
            throw new StoppedException(stopped.Message, request.Run.Output, stopped);
        }
    }

    private static void Pretrain(PretrainRequest request, CancellationToken cancellation)
    {
        RequireFolder(request);
        var inputs = PretrainInputs.Load(request, cancellation);
        using var held = RunFolder.Lock(request.Run.Output);
        RequireFolder(request); // another process may have begun a run there
        Console.WriteLine(
            $"{inputs.Text.Sum(segment => (long)segment.Length) / 1e6:N1} M ids of text in {inputs.Text.Count} segments, " +
            $"{inputs.HeldOut.Count} held out; model {request.Run.Model}, {inputs.Setup.Config.ParameterCount / 1e6:N1} M weights, " +
            $"on {request.Run.Device}.");

        var folder = new TrainingFolder(request.Run.Output, inputs.Setup.Source.Vocabulary, request.Checkpoints.Keep);
        ConsoleProgress.Show("Pre-training", observer => Train(request, inputs, folder, observer, cancellation));

        var plot = Path.Combine(folder.Path, "runs.png");
        RunPlot.Save(plot, $"T5 {Path.GetFileNameWithoutExtension(request.Run.Model)}, span corruption", "loss",
            [new("pre-training", MetricsLog.Read(folder.Metrics))]);
        Console.WriteLine($"Model: {folder.Model}");
        Console.WriteLine($"Plot:  {plot}");
    }

    private static void RequireFolder(PretrainRequest request)
    {
        RunFolder.RequireNoComparison(request.Run.Output);
        if (!request.Run.Resume)
            RunFolder.RequireFree(request.Run.Output);
    }

    private static int Train(
        PretrainRequest request, PretrainInputs inputs, TrainingFolder folder, ITrainingObserver observer, CancellationToken cancellation)
    {
        folder.CleanUp();
        var options = request.Training;
        var checkpoint = request.Run.Resume ? folder.LatestCheckpoint : null;
        using var scope = NewDisposeScope();
        using var model = inputs.Setup.CreateModel(options, checkpoint);
        if (request.CooccurrenceEmbedding && checkpoint is null)
            model.SetEmbedding(CooccurrenceVectors.Of(inputs.Text, inputs.Setup.Config.VocabularySize, inputs.Setup.Config.ModelWidth, options.Seed));
        var heldOut = new HeldOutLoss(inputs.HeldOut, request.Corruption, inputs.Setup.Tokenizer, options.BatchSize, request.HeldOutRows);
        var measuring = new Measuring([observer], cancellation);
        using var trainer = new Trainer(model, inputs.Setup.Tokenizer.PadId, Batches(request, inputs), options, folder, checkpoint)
        {
            Evaluate = heldOut.Count == 0 ? null : () => new Dictionary<string, double> { ["loss"] = heldOut.Measure(model, measuring) },
            SaveEvery = request.Checkpoints.Every,
        };
        trainer.Observers.Add(observer);
        trainer.Observers.Add(new TensorBoardLog(folder.TensorBoard, trainer.Metrics));
        trainer.Run(cancellation);
        folder.SaveModel(model, request.ModelTypes?.Weights);
        return trainer.Step;
    }

    private static IBatchSource Batches(PretrainRequest request, PretrainInputs inputs)
    {
        var seed = request.Training.Seed;
        var text = new CorruptedText(inputs.Text, request.Corruption, inputs.Setup.Tokenizer, request.RowsOfText, seed);
        return inputs.Tasks.Count == 0
            ? text
            : new MixedRows([text, .. inputs.Tasks.Select(rows =>
                new SampledRows(rows, new BatchSampler(rows.Count, request.RowsOfTask, seed)))], seed);
    }
}
