using System.CommandLine;
using SamSharp.Samples.FineTuneT5.Pretraining;
using SamSharp.Samples.FineTuneT5.Setup;
using SamSharp.Samples.T5.Pretraining;
using SamSharp.Samples.T5.Training;
using static SamSharp.Samples.FineTuneT5.CommandLine.OptionFactory;

namespace SamSharp.Samples.FineTuneT5.CommandLine;

/// <summary>The <c>pretrain</c> verb: its options, and how they become a <see cref="PretrainRequest"/>.</summary>
public static class PretrainCommand
{
    // Adafactor as in T5's pre-training, with short segments, from which a small budget learns most.
    private static readonly TrainingOptions Defaults =
        new() { Optimizer = "adafactor", LearningRate = 1e-2, Rho = 0, Steps = 10_000, WarmupSteps = 200 };
    private static readonly SpanCorruption Objective = new();

    public static Command Create(Action<PretrainRequest, CancellationToken> run)
    {
        var text = Several("--text", "paths", "Training text: plain text files, and folders of *.txt files");
        var heldOut = Several("--held-out", "paths", "Text for the held-out loss; excluded from --text");
        var heldOutRows = Number("--held-out-rows", "rows", 512, "Number of held-out segments, spread evenly over the text");
        var tasks = Several("--mix", "task=folder", "Tasks to mix in, with the folders of their files");
        var taskFraction = Number("--task-fraction", "part", 0.25, "Share of each batch for the mixed tasks");
        var density = Number("--noise-density", "part", Objective.NoiseDensity, "Share of the text to replace by sentinels");
        var spanLength = Number("--mean-span-length", "ids", Objective.MeanSpanLength, "Mean number of ids that a sentinel replaces");
        var roll = Flag("--random-roll", "Rotate the replaced spans within the segment, so that its end is not always replaced");
        var cooccurrence = Flag("--cooccurrence-embedding",
            "Initialize a new model's embedding with word vectors from the text's co-occurrence counts");
        var seed = Number("--seed", "seed", Defaults.Seed, "Seed of weights, order and spans");
        var modelType = OptionalChoice(
            "--model-dtype", "Type of the weights in model/ [--dtype]", NumberTypes.Full.Name, NumberTypes.Half.Name);
        var training = new TrainingArguments(Defaults, ProgramFace.T5);
        var runs = new RunArguments("mini",
            "A new model of a named size or with the shape in a config.json; or a model folder or hub name to continue from");

        var command = new Command("pretrain", "Pre-trains a T5 on plain text by span corruption, with any base optimizer and with or without SAM.");
        new HelpPage(command,
            [
                new("Model and text", [.. runs.Models, cooccurrence, text, heldOut, heldOutRows, tasks, taskFraction]),
                new("The objective", [density, spanLength, roll]),
                new("Length of the run", [training.Steps, seed]),
                training.Sharpness, training.Optimizer, training.Batches, training.Evaluation,
                runs.Places.Append([.. runs.Checkpoints, modelType]),
            ],
            [("pretrain --text books/ --held-out books/last.txt --steps 2000", "a new T5 of the size mini, and its loss on a held-out book")])
            .Use();
        command.SetAction((result, cancellation) => Task.Run(() =>
        {
            var request = new PretrainRequest
            {
                Run = runs.Read(result, "pretrain"),
                Text = result.GetRequiredValue(text),
                HeldOut = result.GetRequiredValue(heldOut),
                HeldOutRows = result.GetValue(heldOutRows),
                Tasks = result.GetRequiredValue(tasks),
                TaskFraction = result.GetValue(taskFraction),
                Corruption = new(result.GetValue(density), result.GetValue(spanLength), result.GetValue(roll)),
                CooccurrenceEmbedding = result.GetValue(cooccurrence),
                ModelTypes = result.GetValue(modelType) is { } types ? NumberTypes.Of(types) : null,
                Checkpoints = runs.ReadCheckpoints(result),
                Training = training.Read(result) with { Seed = result.GetValue(seed) },
            };
            request.Validate();
            Continuation.Answering(run)(request, cancellation);
            return ExitCode.Success;
        }, cancellation));
        return command;
    }
}
