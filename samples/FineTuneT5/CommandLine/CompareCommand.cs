using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using SamSharp.Samples.FineTuneT5.Comparison;
using SamSharp.Samples.FineTuneT5.Setup;
using SamSharp.Samples.T5.Training;
using static SamSharp.Samples.FineTuneT5.CommandLine.OptionFactory;

namespace SamSharp.Samples.FineTuneT5.CommandLine;

/// <summary>The <c>compare</c> verb: its options, and how they become a <see cref="CompareRequest"/>.</summary>
public static class CompareCommand
{
    /// <summary>The verb.</summary>
    public const string Name = "compare";

    public static Command Create(ProgramFace face, Action<CompareRequest, CancellationToken> run)
    {
        var (defaults, shown) = (face.Compared, face.Demonstration(""));
        var (counts, lengths) = (Words(shown.Sizes.Select(size => size.Rows)), Words(shown.Sizes.Select(size => size.Steps)));
        var shownRadii = Words(shown.Radii.Select(pair => $"{pair.Key}={string.Join(',', pair.Value)}"));
        var tasks = Several("--tasks", "task=folder", $"Tasks with the folders of their files [{BundledData.Task}, which is bundled]");
        var rows = Several("--rows", "rows", $"Numbers of training rows: 100, 16/class for so many of each class, or all [{counts}]");
        var steps = Several("--steps", "steps", $"Steps for each of --rows, or one number for all [{lengths}]");
        var seeds = Several("--seeds", "seeds", $"Seeds: rows, their order and dropout masks [{Words(shown.Seeds)}]");
        var optimizers = Several("--learning-rates", "optimizer=rates",
            $"Base optimizers with the learning rates to choose from [{defaults.Optimizer}={defaults.LearningRate}]");
        var algorithms = Several("--algorithms", "names", $"What to compare with the base: recipes ({string.Join(", ", RecipeCatalog.Names)}), " +
            "sam/4 with the ascent on a quarter of the batch, sam:m4 with one for each 4 rows, sam:averaged with the last weights averaged, " +
            "base*1.25 with more steps, label-smoothing, loss-ceiling and tuned-steps for the " +
            "base optimizer with another remedy, whose strengths stand in --rhos" +
            $"{(face.HasFreshHead ? ", sam:body without the fresh head" : "")} [{Words(shown.Contenders.Select(contender => contender.Name))}]");
        var radii = Several("--rhos", "recipe=radii", $"The radii to choose from, by recipe [{shownRadii}]");
        var tuningSeeds = Several("--tuning-seeds", "seeds", "Seeds of the tuning runs [101]");
        var noise = Number("--label-noise", "part", shown.LabelNoise, "Share of the training labels to replace by wrong ones");
        var validationRows = Number("--validation-rows", "rows", 500, "Validation rows for choosing rates and radii; not trained on");
        var testRows = Number("--test-rows", "rows", 1000, "Maximum number of test rows");
        var transfers = Several("--transfer", "task:other=folder",
            "Measure a task's models on another task's test rows, too: sst2:cr=data/CR [none]");
        var typingErrors = Number("--typing-errors", "part", 0.0, "Measure on test rows with this share of the longer words misspelled, too");
        var sharpnessRho = Number("--sharpness-rho", "radius", shown.SharpnessRho, "Measure sharpness at this radius");
        var training = new TrainingArguments(defaults, face);
        var runs = new RunArguments(face.Model, "The model to fine-tune in every run: as for fine-tuning", face.Writes, shown.Run.Types,
            "Where results.jsonl, report.md and the plots go, and the files of unfinished runs [runs/compare-<time>]",
            "Do the runs that --output lacks, and go on with unfinished ones; with none there, start", face.Types);

        var command = new Command(Name, """
            Compares a base optimizer with sharpness-aware ones over tasks, training-set sizes and seeds, in pairs: the same rows in the same order,
            initial weights and dropout masks. Rates and radii are chosen on validation rows, with as many runs for the base as for each of the
            others. Several processes with the same arguments and --resume share the work. Without options it is the demonstration.
            """);
        new HelpPage(command,
            [
                new("What to compare", [.. runs.Models, tasks, algorithms, rows, steps, seeds, noise]),
                new("What to choose from on validation rows", [optimizers, radii, tuningSeeds, validationRows]),
                new("What to measure", [testRows, transfers, typingErrors, sharpnessRho]),
                training.SharedRates.Append([.. training.SharedSharpness]), training.Batches, runs.Places,
            ],
            [
                ("compare --seeds 1 2 3 4 5 --algorithms sam asam --rhos sam=0.05 asam=0.5", "two recipes on the bundled sentences"),
                ("compare --tasks cr=data/CR --learning-rates adafactor=0.01,0.02 --algorithms sam --rhos sam=0.05,0.1",
                    "your own data; the rate and the radius are chosen first"),
                ("compare --output runs/compare-1 --resume", "goes on with a comparison that was stopped"),
            ]).Use();
        command.SetAction((result, cancellation) => Task.Run(() =>
        {
            var request = face.Demonstration(runs.Output(result, Name)) with
            {
                Run = runs.Read(result, Name),
                LabelNoise = result.GetValue(noise),
                ValidationRows = result.GetValue(validationRows),
                TestRows = result.GetValue(testRows),
                TypingErrors = result.GetValue(typingErrors),
                SharpnessRho = result.GetValue(sharpnessRho),
                Training = training.ReadCommon(result),
            };
            request = request with
            {
                Opening = result.CommandResult.Children.Any(child => child is OptionResult { Implicit: false }) ? null : request.Opening,
                Tasks = Given(tasks, name => name) ?? request.Tasks,
                Transfers = Given(transfers, name => name) ?? request.Transfers,
                Sizes = Sizes(Given(rows, RowCount.Parse), Given(steps, Integer("--steps")), request.Sizes),
                Seeds = Given(seeds, Integer("--seeds")) ?? request.Seeds,
                TuningSeeds = Given(tuningSeeds, Integer("--tuning-seeds")) ?? request.TuningSeeds,
                Optimizers = Named(optimizers, "--learning-rates") ?? request.Optimizers,
                Contenders = Given(algorithms, Contender.Parse) ?? request.Contenders,
                Radii = Named(radii, "--rhos")?.ToDictionary() ?? request.Radii,
            };
            request.Validate();
            run(request, cancellation);
            return ExitCode.Success;

            KeyValuePair<string, double[]>[]? Named(Option<string[]> option, string name)
            {
                var values = Given(option, NamedNumbers(name));
                if (values is not null) CompareRequest.RequireOnce(name, values.Select(value => value.Key));
                return values;
            }

            T[]? Given<T>(Option<string[]> option, Func<string, T> parse) =>
                result.GetRequiredValue(option) is { Length: > 0 } values ? [.. values.Select(parse)] : null;
        }, cancellation));
        return command;
    }

    private static string Words<T>(IEnumerable<T> values) => string.Join(' ', values);

    private static IReadOnlyList<TrainingSize> Sizes(RowCount[]? rows, int[]? steps, IReadOnlyList<TrainingSize> byDefault)
    {
        if (rows is null && steps is null)
            return byDefault;
        rows ??= [.. byDefault.Select(size => size.Rows)];
        steps ??= [byDefault[0].Steps];
        if (steps.Length != 1 && steps.Length != rows.Length)
            throw new ArgumentException("--rows and --steps do not match: give one number of steps for each number of rows, or one for all.");
        return [.. rows.Select((count, i) => new TrainingSize(count, steps[steps.Length == 1 ? 0 : i]))];
    }

    private static Func<string, int> Integer(string option) => text =>
        int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw new ArgumentException($"{option} has '{text}', which is not a whole number.");

    // adafactor=0.01,0.02
    private static Func<string, KeyValuePair<string, double[]>> NamedNumbers(string option) => text =>
    {
        var refusal = new ArgumentException(
            $"{option} has '{text}': give a name and numbers, such as {(option == "--rhos" ? "sam=0.2,0.5" : "adafactor=0.01,0.02")}.");
        if (text.Split('=') is not [var name, var numbers])
            throw refusal;
        return KeyValuePair.Create(name, Array.ConvertAll(numbers.Split(','), number =>
            double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : throw refusal));
    };
}
