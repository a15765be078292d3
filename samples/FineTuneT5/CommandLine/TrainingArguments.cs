using System.CommandLine;
using SamSharp.Samples.T5.Training;
using static SamSharp.Samples.FineTuneT5.CommandLine.OptionFactory;

namespace SamSharp.Samples.FineTuneT5.CommandLine;

/// <summary>The options that say how to train: all of <see cref="TrainingOptions"/> but the seed.</summary>
internal sealed class TrainingArguments(TrainingOptions defaults)
{
    private readonly Option<string> _optimizer = Text("--optimizer", "name", defaults.Optimizer, $"Base optimizer: {string.Join(", ", OptimizerCatalog.Names)}");
    private readonly Option<double> _rho = Number("--rho", "radius", defaults.Rho, "Radius of the sharpness-aware step; 0 is the base optimizer alone");
    private readonly Option<bool> _adaptive = Flag("--adaptive", "Scale the perturbation by the weights (ASAM; its rho is about ten times larger)");
    private readonly Option<double> _ascentFraction = Number("--ascent-fraction", "part", defaults.AscentFraction, "Part of the batch that the ascent gradient is computed on, in (0, 1]");
    private readonly Option<double?> _learningRate = Number<double?>("--learning-rate", "rate", null, $"Peak learning rate [{(defaults.LearningRate is { } rate ? $"{rate} for {defaults.Optimizer}, else " : "")}the optimizer's own default]");
    private readonly Option<double> _weightDecay = Number("--weight-decay", "decay", defaults.WeightDecay, "Weight decay");
    private readonly Option<string> _schedule = Text("--schedule", "name", defaults.Schedule, $"Learning rate schedule: {string.Join(", ", LearningRateSchedule.Names)}");
    private readonly Option<double> _labelSmoothing = Number("--label-smoothing", "part", defaults.LabelSmoothing, "Part of each target's probability that is spread over the vocabulary");
    private readonly Option<int> _warmup = Number("--warmup-steps", "steps", defaults.WarmupSteps, "Linear warm-up");
    private readonly Option<int> _cooldown = Number("--cooldown-steps", "steps", defaults.CooldownSteps, "Linear cool-down to 0 over the last steps");
    private readonly Option<int> _batch = Number("--batch", "rows", defaults.BatchSize, "Rows a step");
    private readonly Option<int> _maxSource = Number("--max-source-length", "ids", defaults.MaxSourceLength, "Longest input, cut off beyond");
    private readonly Option<int> _maxTarget = Number("--max-target-length", "ids", defaults.MaxTargetLength, "Longest target");
    private readonly Option<int> _evaluateEvery = Number("--evaluate-every", "steps", defaults.EvaluateEvery, "Evaluate on held-out rows; 0 at the end only");
    private readonly Option<int?> _patience = Number<int?>("--patience", "count", null, "Stop after so many evaluations without a better main score");
    private readonly Option<int> _logEvery = Number("--log-every", "steps", defaults.LogEvery, "Record the training loss");

    /// <summary>Null where it is not given: a command may have other ways to say it.</summary>
    public Option<int?> Steps { get; } = Number<int?>("--steps", "steps", null, $"Optimizer steps [{defaults.Steps}]");

    public IEnumerable<Option> All =>
    [
        _optimizer, _rho, _adaptive, _ascentFraction, _learningRate, _weightDecay, _schedule, _warmup, _cooldown, _labelSmoothing,
        Steps, _batch, _maxSource, _maxTarget, _evaluateEvery, _patience, _logEvery,
    ];

    public TrainingOptions Read(ParseResult result) => defaults with
    {
        Optimizer = result.GetRequiredValue(_optimizer),
        LearningRate = result.GetValue(_learningRate) ?? (result.GetValue(_optimizer) == defaults.Optimizer ? defaults.LearningRate : null),
        WeightDecay = result.GetValue(_weightDecay),
        Rho = result.GetValue(_rho),
        Adaptive = result.GetValue(_adaptive),
        AscentFraction = result.GetValue(_ascentFraction),
        Schedule = result.GetRequiredValue(_schedule),
        WarmupSteps = result.GetValue(_warmup),
        CooldownSteps = result.GetValue(_cooldown),
        Steps = result.GetValue(Steps) ?? defaults.Steps,
        LabelSmoothing = result.GetValue(_labelSmoothing),
        Patience = result.GetValue(_patience),
        BatchSize = result.GetValue(_batch),
        MaxSourceLength = result.GetValue(_maxSource),
        MaxTargetLength = result.GetValue(_maxTarget),
        EvaluateEvery = result.GetValue(_evaluateEvery),
        LogEvery = result.GetValue(_logEvery),
    };
}
