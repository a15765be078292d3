using System.CommandLine;
using SamSharp.Samples.T5.Training;

namespace SamSharp.Samples.FineTuneT5.CommandLine;

/// <summary>The options of the program, and how they become a <see cref="FineTuneRequest"/>.</summary>
public sealed class FineTuneCommand
{
    private readonly Option<string> _model = Text("--model", "size|folder", "tiny",
        "A fresh model of a named size (tiny, mini, small, base, large, ...), a Hugging Face folder with config.json and model.safetensors, or a name in the hub's cache");
    private readonly Option<string?> _tokenizer = Optional("--tokenizer", "file", "SentencePiece vocabulary [the model folder's spiece.model; the carried one for a fresh model]");
    private readonly Option<string> _task = Text("--task", "name", "sentences", "The task, in T5's text-to-text form, or several parted by commas: cola,sst2,mrpc. The command tasks lists them");
    private readonly Option<int?> _mixtureCap = Number<int?>("--mixture-cap", "rows", null, "Several tasks are mixed by their numbers of rows; a task counts for at most this many");
    private readonly Option<string?> _prompt = Optional("--prompt", "text", "Input of --task text, columns in braces [classify: {sentence}]");
    private readonly Option<string?> _labelWords = Optional("--label-words", "pairs", "Words for the labels of --task text, as 0=negative,1=positive; the last is the positive one [the labels]");
    private readonly Option<string?> _labelColumn = Optional("--label-column", "name", "Column of the labels of --task text [label]");
    private readonly Option<string?> _data = Optional("--data", "folder", "Folder of the task's files [the carried sentences]");
    private readonly Option<bool> _landscape = Flag("--landscape", "At the end, draw the training loss around the weights, and the spectrum of its Hessian: landscape.png");
    private readonly Option<int?> _trainRows = Number<int?>("--train-rows", "rows", null, "Train on the first so many rows of a seeded shuffle");
    private readonly Option<double?> _trainFraction = Number<double?>("--train-fraction", "part", null, "Train on this part of the rows, in (0, 1]");

    private readonly Option<string> _optimizer = Text("--optimizer", "name", Defaults.Optimizer, $"Base optimizer: {string.Join(", ", OptimizerCatalog.Names)}");
    private readonly Option<double> _rho = Number("--rho", "radius", Defaults.Rho, "Radius of the sharpness-aware step; 0 is the base optimizer alone");
    private readonly Option<bool> _adaptive = Flag("--adaptive", "Scale the perturbation by the weights (ASAM; its rho is about ten times larger)");
    private readonly Option<double> _ascentFraction = Number("--ascent-fraction", "part", Defaults.AscentFraction, "Part of the batch that the ascent gradient is computed on, in (0, 1]");
    private readonly Option<bool> _compare = Flag("--compare", "Train with the base optimizer alone too, and compare");
    private readonly Option<double?> _learningRate = Number<double?>("--learning-rate", "rate", null, "Peak learning rate [the optimizer's own default]");
    private readonly Option<double> _weightDecay = Number("--weight-decay", "decay", Defaults.WeightDecay, "Weight decay");
    private readonly Option<string> _schedule = Text("--schedule", "name", Defaults.Schedule, $"Learning rate schedule: {string.Join(", ", LearningRateSchedule.Names)}");
    private readonly Option<double> _labelSmoothing = Number("--label-smoothing", "part", Defaults.LabelSmoothing, "Part of each target's probability that is spread over the vocabulary");
    private readonly Option<int> _warmup = Number("--warmup-steps", "steps", Defaults.WarmupSteps, "Linear warm-up");

    private readonly Option<int?> _steps = Number<int?>("--steps", "steps", null, $"Optimizer steps [{Defaults.Steps}]");
    private readonly Option<double?> _epochs = Number<double?>("--epochs", "epochs", null, "Passes over the training rows, instead of --steps");
    private readonly Option<int> _batch = Number("--batch", "rows", Defaults.BatchSize, "Rows a step");
    private readonly Option<bool> _bucket = Flag("--bucket-by-length", "Make batches of rows of like length, which need less padding");
    private readonly Option<int> _maxSource = Number("--max-source-length", "ids", Defaults.MaxSourceLength, "Longest input, cut off beyond");
    private readonly Option<int> _maxTarget = Number("--max-target-length", "ids", Defaults.MaxTargetLength, "Longest target");
    private readonly Option<int[]> _seeds = new("--seed", "--seeds")
    {
        Description = "One or several seeds: a run each",
        HelpName = "seeds",
        DefaultValueFactory = _ => [Defaults.Seed],
        AllowMultipleArgumentsPerToken = true,
        Arity = ArgumentArity.OneOrMore,
    };
    private readonly Option<string> _device = Choice("--device", "Where to train", "cpu", "cuda");
    private readonly Option<string> _dtype = Choice("--dtype", "Type of weights and optimizer state", "float32", "bfloat16");

    private readonly Option<string?> _output = Optional("--output", "folder", "Where metrics.jsonl, tensorboard/, checkpoints/ and model/ go [runs/<task>-<time>]");
    private readonly Option<int> _evaluateEvery = Number("--evaluate-every", "steps", Defaults.EvaluateEvery, "Evaluate on the dev rows; 0 at the end only");
    private readonly Option<int?> _patience = Number<int?>("--patience", "count", null, "Stop after so many evaluations without a better main score");
    private readonly Option<string?> _keepBest = Optional("--keep-best", "metrics", "Keep the best model by each of these dev metrics in best/, as loss,accuracy");
    private readonly Option<int> _logEvery = Number("--log-every", "steps", Defaults.LogEvery, "Record the training loss");
    private readonly Option<int> _saveEvery = Number("--save-every", "steps", 0, "Save a checkpoint; 0 at the end only");
    private readonly Option<int> _keep = Number("--keep", "count", 2, "Checkpoints to keep");
    private readonly Option<bool> _resume = Flag("--resume", "Go on from the newest checkpoint in --output; with none there, start");
    private readonly Option<bool> _trace = new("--trace") { Description = "Show the stack of an error" };

    private readonly RootCommand _root;

    public FineTuneCommand(Action<FineTuneRequest, CancellationToken> run)
    {
        _root = new RootCommand("""
            Fine-tunes a T5 with sharpness-aware minimization around a base optimizer. Without arguments it trains a tiny T5 on
            the carried sentences twice, with and without SAM, and compares the two.
            Exit codes: 0 success, 1 failure, 2 wrong usage, 130 interrupted (a checkpoint is saved first).
            """);
        foreach (var option in new Option[] {
            _model, _tokenizer, _task, _data, _mixtureCap, _prompt, _labelWords, _labelColumn, _trainRows, _trainFraction,
            _optimizer, _rho, _adaptive, _ascentFraction, _compare, _learningRate, _weightDecay, _schedule, _warmup, _labelSmoothing,
            _steps, _epochs, _batch, _bucket, _maxSource, _maxTarget, _seeds, _device, _dtype,
            _output, _evaluateEvery, _patience, _keepBest, _logEvery, _saveEvery, _keep, _resume, _trace })
        {
            _root.Options.Add(option);
        }
        _root.Subcommands.Add(TasksCommand.Create());
        _root.SetAction((result, cancellation) => Task.Run(() =>
        {
            var request = Read(result);
            request.Validate();
            run(request, cancellation);
            return ExitCode.Success;
        }, cancellation));
        _root.Options.Add(_landscape);
    }

    private static TrainingOptions Defaults { get; } = new();

    public ParseResult Parse(string[] arguments) => _root.Parse(arguments);

    /// <summary>Whether the arguments ask for stack traces.</summary>
    public bool WantsTrace(ParseResult result) => result.GetValue(_trace);

    private FineTuneRequest Read(ParseResult result)
    {
        RefuseBoth(result, _steps, _epochs);
        RefuseBoth(result, _trainRows, _trainFraction);
        var task = result.GetRequiredValue(_task);
        var output = result.GetValue(_output);
        var resume = result.GetValue(_resume);
        if (resume && output is null)
            throw new ArgumentException("--resume needs --output: the folder of the run to go on with.");
        var request = new FineTuneRequest
        {
            Model = result.GetRequiredValue(_model),
            Tokenizer = result.GetValue(_tokenizer),
            Task = task,
            Prompt = result.GetValue(_prompt),
            LabelWords = List(result.GetValue(_labelWords)),
            LabelColumn = result.GetValue(_labelColumn),
            Data = result.GetValue(_data),
            Output = output ?? Path.Combine("runs", $"{task.Replace(',', '+')}-{DateTime.Now:yyyyMMdd-HHmmss}"),
            Resume = resume,
            Compare = result.GetValue(_compare),
            Landscape = result.GetValue(_landscape),
            Seeds = result.GetRequiredValue(_seeds),
            Device = result.GetRequiredValue(_device),
            DType = result.GetRequiredValue(_dtype),
            TrainRows = result.GetValue(_trainRows),
            TrainFraction = result.GetValue(_trainFraction),
            Epochs = result.GetValue(_epochs),
            SaveEvery = result.GetValue(_saveEvery),
            Keep = result.GetValue(_keep),
            KeepBest = List(result.GetValue(_keepBest)),
            Training = new TrainingOptions
            {
                Optimizer = result.GetRequiredValue(_optimizer),
                LearningRate = result.GetValue(_learningRate),
                WeightDecay = result.GetValue(_weightDecay),
                Rho = result.GetValue(_rho),
                Adaptive = result.GetValue(_adaptive),
                AscentFraction = result.GetValue(_ascentFraction),
                Schedule = result.GetRequiredValue(_schedule),
                WarmupSteps = result.GetValue(_warmup),
                Steps = result.GetValue(_steps) ?? Defaults.Steps,
                LabelSmoothing = result.GetValue(_labelSmoothing),
                MixtureCap = result.GetValue(_mixtureCap),
                BucketByLength = result.GetValue(_bucket),
                Patience = result.GetValue(_patience),
                BatchSize = result.GetValue(_batch),
                MaxSourceLength = result.GetValue(_maxSource),
                MaxTargetLength = result.GetValue(_maxTarget),
                EvaluateEvery = result.GetValue(_evaluateEvery),
                LogEvery = result.GetValue(_logEvery),
            },
        };
        return result.Tokens.Count == 0 ? Demonstration.Of(request) : request;
    }

    private static string[] List(string? text) => text?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];

    private static void RefuseBoth(ParseResult result, Option first, Option second)
    {
        if (result.GetResult(first) is { Implicit: false } && result.GetResult(second) is { Implicit: false })
            throw new ArgumentException($"Give {first.Name} or {second.Name}, not both.");
    }

    private static Option<string> Text(string name, string value, string byDefault, string description)
        => new(name) { Description = description, HelpName = value, DefaultValueFactory = _ => byDefault };

    private static Option<string?> Optional(string name, string value, string description)
        => new(name) { Description = description, HelpName = value };

    private static Option<T> Number<T>(string name, string value, T byDefault, string description)
    {
        var option = new Option<T>(name) { Description = description, HelpName = value };
        if (byDefault is not null)
            option.DefaultValueFactory = _ => byDefault;
        return option;
    }

    private static Option<bool> Flag(string name, string description) => new(name) { Description = description };

    private static Option<string> Choice(string name, string description, params string[] values)
    {
        var option = Text(name, string.Join('|', values), values[0], description);
        return option.AcceptOnlyFromAmong(values);
    }
}
