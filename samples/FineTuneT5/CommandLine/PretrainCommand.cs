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
    // Adafactor as T5 was pre-trained, on short segments, which a small budget learns most from.
    private static readonly TrainingOptions Defaults =
        new() { Optimizer = "adafactor", LearningRate = 1e-2, Rho = 0, Steps = 10_000, WarmupSteps = 200 };
    private static readonly SpanCorruption Objective = new();

    public static Command Create(Action<PretrainRequest, CancellationToken> run)
    {
        var text = Several("--text", "paths", "Plain text to learn from: files, and folders of *.txt files");
        var heldOut = Several("--held-out", "paths", "Text to measure the loss on; left out of --text");
        var heldOutRows = Number("--held-out-rows", "rows", 512, "Measure on so many segments, evenly spread over the held-out text");
        var tasks = Several("--mix", "task=folder", "Tasks to mix in, with the folders of their files");
        var taskFraction = Number("--task-fraction", "part", 0.25, "Part of each batch that the mixed tasks make up");
        var density = Number("--noise-density", "part", Objective.NoiseDensity, "Part of the text that is replaced by sentinels");
        var spanLength = Number("--mean-span-length", "ids", Objective.MeanSpanLength, "Mean length of what a sentinel replaces");
        var roll = Flag("--random-roll", "Move the replaced spans round the segment, so that its end is not always among them");
        var cooccurrence = Flag("--cooccurrence-embedding",
            "Begin a fresh model at word vectors from the text's co-occurrence counts, in place of random ones");
        var seed = Number("--seed", "seed", Defaults.Seed, "Seed of weights, order and spans");
        var modelType = Optional("--model-dtype", $"{NumberTypes.Full.Name}|{NumberTypes.Half.Name}", "Type of the weights in model/ [--dtype]")
            .AcceptOnlyFromAmong(NumberTypes.Full.Name, NumberTypes.Half.Name);
        var training = new TrainingArguments(Defaults, ProgramFace.T5);
        var runs = new RunArguments("mini",
            "A fresh model of a named size or of the shape in a config.json, or a model folder or a name on the hub to go on with");

        var command = new Command("pretrain", "Pre-trains a T5 on plain text by span corruption, with any base optimizer and with or without SAM.");
        foreach (var option in runs.Models.Concat([
            text, heldOut, heldOutRows, tasks, taskFraction, density, spanLength, roll, cooccurrence, modelType, seed,
            .. training.All, .. runs.Checkpoints, .. runs.Places]))
        {
            command.Options.Add(option);
        }
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
            run(request, cancellation);
            return ExitCode.Success;
        }, cancellation));
        return command;
    }
}
