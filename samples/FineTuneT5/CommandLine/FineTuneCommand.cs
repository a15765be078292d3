using System.CommandLine;
using System.CommandLine.Parsing;
using SamSharp.Samples.FineTuneT5.Comparison;
using SamSharp.Samples.FineTuneT5.FineTuning;
using SamSharp.Samples.FineTuneT5.Setup;
using SamSharp.Samples.T5.Training;
using static SamSharp.Samples.FineTuneT5.CommandLine.OptionFactory;

namespace SamSharp.Samples.FineTuneT5.CommandLine;

/// <summary>The root command: its options, and how they become a <see cref="FineTuneRequest"/>.</summary>
public sealed class FineTuneCommand
{
    private readonly Option<string> _task;
    private readonly Option<int?> _mixtureCap =
        Number<int?>("--mixture-cap", "rows", null, "Several tasks are mixed in proportion to their rows; a task counts for at most this many");
    private readonly Option<string?> _prompt = Optional("--prompt", "text", "Input of --task text, columns in braces [classify: {sentence}]");
    private readonly Option<string?> _labelWords = Optional("--label-words", "pairs",
        "Words for the labels of --task text, such as 0=negative,1=positive; the last is the positive one [the labels]");
    private readonly Option<string?> _labelColumn = Optional("--label-column", "name", "Column of the labels of --task text [label]");
    private readonly Option<string?> _data = Optional("--data", "folder", "Folder of the task's files [the bundled sentences]");
    private readonly Option<bool> _landscape =
        Flag("--landscape", "Draw the training loss around the final weights and its Hessian's spectrum: landscape.png, plane.png");
    private readonly Option<string[]> _landscapeBeside =
        Several("--landscape-beside", "folders", "Draw the landscapes of these finished runs beside it, in the same colors");
    private readonly Option<int?> _trainRows = Number<int?>("--train-rows", "rows", null, "Number of training rows, drawn by the seed");
    private readonly Option<double?> _trainFraction =
        Number<double?>("--train-fraction", "part", null, "Share of the training rows to use, in (0, 1]");

    private readonly Option<double?> _epochs = Number<double?>("--epochs", "epochs", null, "Passes over the training rows, instead of --steps");
    private readonly Option<int[]> _seeds = Numbers("--seed", "seeds", "One or more seeds; each is a run", new TrainingOptions().Seed);
    private readonly Option<string?> _keepBest =
        Optional("--keep-best", "metrics", "Keep the best model by each of these dev metrics in best/, for instance loss,accuracy");
    private readonly Option<double> _labelNoise =
        Number("--label-noise", "part", 0.0, "Replace this part of the training labels by wrong ones, chosen by the seed");
    private readonly TrainingArguments _training;
    private readonly RunArguments _runs;
    private readonly Option<bool> _trace = Flag("--trace", "Show the stack of an error");

    private readonly RootCommand _root;

    /// <param name="face">What the program says of its models.</param>
    /// <param name="more">Further verbs.</param>
    public FineTuneCommand(
        ProgramFace face, Action<FineTuneRequest, CancellationToken> run, Action<CompareRequest, CancellationToken> compare,
        params IEnumerable<Command> more)
    {
        (run, compare) = (Continuation.Answering(run), Continuation.Answering(compare));
        _task = Text("--task", "name", BundledData.Task, face.Tasks);
        _training = new(face.Training, face);
        _runs = new(face.Model, face.Models, face.Writes, offered: face.Types);
        _root = new RootCommand(face.Description);
        _seeds.Aliases.Add("--seeds");
        _trace.Recursive = true;
        new HelpPage(_root,
            [
                new("Model and data",
                [
                    .. _runs.Models, _task, _data, _trainRows, _trainFraction, _labelNoise, _mixtureCap, _prompt, _labelWords, _labelColumn,
                ]),
                new("Length of the run", [_training.Steps, _epochs, _seeds]),
                _training.Sharpness, _training.Optimizer, _training.Adapters, _training.Batches,
                _training.Evaluation.Append(_keepBest, _landscape, _landscapeBeside),
                _runs.Places.Append([.. _runs.Checkpoints, _trace]),
            ],
            face.Examples).Use();
        foreach (var command in more.Prepend(CompareCommand.Create(face, compare)).Concat([SummaryCommand.Create(), TasksCommand.Create(face.Takes)]))
            _root.Subcommands.Add(command);
        HelpPage.Show(_root, face.Project);
        _root.SetAction((result, cancellation) => Task.Run(() =>
        {
            if (IsDemonstration(result))
            {
                compare(face.Demonstration(_runs.Output(result, "compare")), cancellation);
                return ExitCode.Success;
            }
            var request = Read(result);
            request.Validate();
            run(request, cancellation);
            return ExitCode.Success;
        }, cancellation));
    }

    public ParseResult Parse(string[] arguments) => _root.Parse(arguments);

    /// <summary>Runs the program, and reports what goes wrong in a sentence.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(string[] arguments)
    {
        var parsed = Parse(arguments);
        if (parsed.Errors.Count > 0 && parsed.Action is System.CommandLine.Invocation.ParseErrorAction)
            return ErrorReport.Write(new ArgumentException(Suggestion.Explain(parsed)), trace: false);
        try
        {
            // A canceled run saves a checkpoint before it ends, which takes time.
            return await parsed.InvokeAsync(new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = TimeSpan.FromMinutes(10),
            });
        }
        catch (Exception exception)
        {
            var code = ErrorReport.Write(exception, parsed.GetValue(_trace));
            if (exception is StoppedException stopped)
                ErrorReport.Say($"To go on: {Continuation.Of(stopped, arguments, IsDemonstration(parsed) ? CompareCommand.Name : null)}");
            return code;
        }
    }

    // No argument, apart from what shows errors.
    private bool IsDemonstration(ParseResult result) => result.CommandResult.Command == _root &&
        result.CommandResult.Children.All(child => child is OptionResult option && (option.Implicit || option.Option == _trace));

    private FineTuneRequest Read(ParseResult result)
    {
        RefuseBoth(result, _training.Steps, _epochs);
        RefuseBoth(result, _trainRows, _trainFraction);
        var task = result.GetRequiredValue(_task);
        return new FineTuneRequest
        {
            Run = _runs.Read(result, task.Replace(',', '+')),
            Task = task,
            Prompt = result.GetValue(_prompt),
            LabelWords = List(result.GetValue(_labelWords)),
            LabelColumn = result.GetValue(_labelColumn),
            Data = result.GetValue(_data),
            Landscape = result.GetValue(_landscape),
            LandscapeBeside = result.GetRequiredValue(_landscapeBeside),
            Seeds = result.GetRequiredValue(_seeds),
            TrainRows = result.GetValue(_trainRows),
            TrainFraction = result.GetValue(_trainFraction),
            LabelNoise = result.GetValue(_labelNoise),
            Epochs = result.GetValue(_epochs),
            Checkpoints = _runs.ReadCheckpoints(result),
            KeepBest = List(result.GetValue(_keepBest)),
            Training = _training.Read(result) with { MixtureCap = result.GetValue(_mixtureCap) },
        };
    }

    private static string[] List(string? text) => text?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];

    private static void RefuseBoth(ParseResult result, Option first, Option second)
    {
        if (result.GetResult(first) is { Implicit: false } && result.GetResult(second) is { Implicit: false })
            throw new ArgumentException($"Give {first.Name} or {second.Name}, not both.");
    }
}
