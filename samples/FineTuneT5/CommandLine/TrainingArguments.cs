using System.CommandLine;
using System.Globalization;
using SamSharp.Samples.T5.Training;
using static SamSharp.Samples.FineTuneT5.CommandLine.OptionFactory;

namespace SamSharp.Samples.FineTuneT5.CommandLine;

/// <summary>The options of training: all of <see cref="TrainingOptions"/> except the seed.</summary>
/// <param name="face">Which of them the program has.</param>
internal sealed class TrainingArguments(TrainingOptions defaults, ProgramFace face)
{
    private readonly Option<string> _optimizer =
        Text("--optimizer", "name", defaults.Optimizer, $"Base optimizer: {string.Join(", ", OptimizerCatalog.Names)}");
    private readonly Option<double> _rho =
        Number("--rho", "radius", defaults.Rho, "Radius of the sharpness-aware step; 0 trains with the base optimizer alone");
    private readonly Option<string> _recipe = Text("--recipe", "name", defaults.Recipe,
        $"Sharpness-aware algorithm: {string.Join(", ", RecipeCatalog.Names)} (ASAM's rho is about ten times larger)");
    private readonly Option<double> _ascentFraction =
        Number("--ascent-fraction", "part", defaults.AscentFraction, "Share of the batch for the ascent gradient, in (0, 1]");
    private readonly Option<int?> _ascentRows =
        Number<int?>("--ascent-rows", "rows", null, "Perturb for so many rows of a batch at a time (m-SAM) [the batch]");
    private readonly Option<double?> _averageFrom = Number<double?>("--average-from", "part", null,
        "Average the weights after this share of the steps; the average is the trained model, with SAM it is WASAM");
    private readonly Option<double?> _learningRate = Number<double?>("--learning-rate", "rate", null,
        $"Peak learning rate [{(defaults.LearningRate is { } rate ? $"{rate} for {defaults.Optimizer}, else " : "")}the optimizer's own default]");
    private readonly Option<double> _weightDecay = Number("--weight-decay", "decay", defaults.WeightDecay, "Weight decay");
    private readonly Option<string> _perturb = Choice("--perturb", "What the ascent perturbs: all, or the body without a fresh head",
        defaults.Perturb ?? Everything, Everything, TrainingOptions.Body);
    private readonly Option<double> _headRate =
        Number("--head-rate", "factor", defaults.HeadRate ?? 1, "A fresh head learns at so many times the rate of the rest");
    private readonly Option<string> _freeze = Text("--freeze", "none|embeddings|layers", FrozenName(defaults.FrozenLayers),
        "What keeps its values: nothing, the embeddings, or they and so many of the lowest layers");
    private readonly Option<double?> _dropout = Number<double?>("--dropout", "part", null, "Dropout probability [the model's]");
    private readonly Option<string> _schedule =
        Text("--schedule", "name", defaults.Schedule, $"Learning rate schedule: {string.Join(", ", LearningRateSchedule.Names)}");
    private readonly Option<double> _labelSmoothing =
        Number("--label-smoothing", "part", defaults.LabelSmoothing, "Share of each target's probability that is spread over the vocabulary");
    private readonly Option<int> _warmup = Number("--warmup-steps", "steps", defaults.WarmupSteps, "Linear warm-up");
    private readonly Option<int> _cooldown = Number("--cooldown-steps", "steps", defaults.CooldownSteps, "Linear cool-down to 0 over the last steps");
    private readonly Option<int> _batch = Number("--batch", "rows", defaults.BatchSize, "Rows per step");
    private readonly Option<bool> _bucket = Flag("--bucket-by-length", "Group rows of similar length into batches, which need less padding");
    private readonly Option<int?> _microBatch =
        Number<int?>("--micro-batch", "rows", null, "Rows per part of a batch; the parts' gradients are summed, which saves memory");
    private readonly Option<double?> _maxGradientNorm =
        Number<double?>("--max-gradient-norm", "norm", null, "Scale longer gradients down to this norm");
    private readonly Option<bool> _replay = Flag("--replay-randomness", "Use the same dropout masks in both passes of a step");
    private readonly Option<int> _maxSource = Number("--max-source-length", "ids", defaults.MaxSourceLength, "Maximum input length");
    private readonly Option<int> _maxTarget = Number("--max-target-length", "ids", defaults.MaxTargetLength, "Longest target");
    private readonly Option<int> _evaluateEvery =
        Number("--evaluate-every", "steps", defaults.EvaluateEvery, "Steps between evaluations; 0 evaluates only at the end");
    private readonly Option<int?> _patience = Number<int?>("--patience", "count", null, "Stop after this many evaluations without improvement");
    private readonly Option<int> _logEvery = Number("--log-every", "steps", defaults.LogEvery, "Steps between reports of the training loss");

    private readonly Option<int?> _loraRank = Number<int?>("--lora-rank", "rank", null,
        "Train low-rank adapters of queries and values instead of the weights; adapter/ has them alone, model/ is the merged model");
    private readonly Option<double?> _loraAlpha =
        Number<double?>("--lora-alpha", "alpha", null, "Scale the adapters by alpha / rank [twice the rank]");

    private const string Everything = "all", Nothing = "none", Embeddings = "embeddings";

    /// <summary>Null if not given, because a command may have other ways to set it.</summary>
    public Option<int?> Steps { get; } = Number<int?>("--steps", "steps", null, $"Optimizer steps [{defaults.Steps}]");

    /// <summary>The sharpness-aware step.</summary>
    public OptionGroup Sharpness => new("The sharpness-aware step", [_recipe, _rho, _ascentFraction, _ascentRows, .. SharedSharpness, _replay]);

    /// <summary>Adapters, for fine-tuning.</summary>
    public OptionGroup Adapters => new("Adapters", [_loraRank, _loraAlpha]);

    /// <summary>The base optimizer and its rates.</summary>
    public OptionGroup Optimizer => new("The base optimizer", [_optimizer, _learningRate, .. SharedRates.Options, _averageFrom]);

    /// <summary>How often the run looks at itself.</summary>
    public OptionGroup Evaluation => new("Reports and evaluation", [_logEvery, _evaluateEvery, _patience]);

    /// <summary>The batches, and what keeps the model from learning them by heart.</summary>
    public OptionGroup Batches => new("Batches and regularization",
        [_batch, _microBatch, _bucket, _maxSource, .. face.Writes ? (Option[])[_maxTarget] : [], _dropout, _labelSmoothing]);

    /// <summary>What all runs of a comparison share of the optimizer and the step.</summary>
    public OptionGroup SharedRates => new("What all runs share",
        [_weightDecay, _schedule, _warmup, _cooldown, _maxGradientNorm, .. face.HasFreshHead ? (Option[])[_headRate, _freeze] : []]);

    /// <summary>What all sharpness-aware runs of a comparison share.</summary>
    public IReadOnlyList<Option> SharedSharpness => face.HasFreshHead ? [_perturb] : [];

    public TrainingOptions Read(ParseResult result) => ReadCommon(result) with
    {
        Optimizer = result.GetRequiredValue(_optimizer),
        LearningRate = result.GetValue(_learningRate) ?? (result.GetValue(_optimizer) == defaults.Optimizer ? defaults.LearningRate : null),
        Rho = result.GetValue(_rho),
        Recipe = result.GetRequiredValue(_recipe),
        AscentFraction = result.GetValue(_ascentRows) is not null && result.GetResult(_ascentFraction) is null or { Implicit: true }
            ? 1
            : result.GetValue(_ascentFraction),
        AscentRows = result.GetValue(_ascentRows),
        AverageFrom = result.GetValue(_averageFrom),
        Steps = result.GetValue(Steps) ?? defaults.Steps,
        Patience = result.GetValue(_patience),
        ReplayRandomness = result.GetValue(_replay),
        LoraRank = result.GetValue(_loraRank),
        LoraAlpha = result.GetValue(_loraAlpha),
        EvaluateEvery = result.GetValue(_evaluateEvery),
        LogEvery = result.GetValue(_logEvery),
    };

    /// <summary>The defaults, overridden by the given options of what all runs of a comparison share.</summary>
    public TrainingOptions ReadCommon(ParseResult result) => defaults with
    {
        WeightDecay = result.GetValue(_weightDecay),
        Dropout = result.GetValue(_dropout),
        Schedule = result.GetRequiredValue(_schedule),
        WarmupSteps = result.GetValue(_warmup),
        CooldownSteps = result.GetValue(_cooldown),
        LabelSmoothing = result.GetValue(_labelSmoothing),
        BatchSize = result.GetValue(_batch),
        BucketByLength = result.GetValue(_bucket),
        MicroBatchSize = result.GetValue(_microBatch),
        MaxGradientNorm = result.GetValue(_maxGradientNorm),
        MaxSourceLength = result.GetValue(_maxSource),
        MaxTargetLength = face.Writes ? result.GetValue(_maxTarget) : defaults.MaxTargetLength,
        Perturb = face.HasFreshHead && result.GetValue(_perturb) == TrainingOptions.Body ? TrainingOptions.Body : null,
        HeadRate = face.HasFreshHead ? result.GetValue(_headRate) : null,
        FrozenLayers = face.HasFreshHead ? Frozen(result.GetRequiredValue(_freeze)) : null,
    };

    private static string FrozenName(int? layers) => layers switch { null => Nothing, 0 => Embeddings, _ => $"{layers}" };

    private static int? Frozen(string text) => text switch
    {
        Nothing => null,
        Embeddings => 0,
        _ => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var layers)
            ? layers
            : throw new ArgumentException($"--freeze is '{text}': it must be {Nothing}, {Embeddings} or a number of layers."),
    };
}
