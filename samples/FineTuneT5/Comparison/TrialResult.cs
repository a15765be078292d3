using System.Text.Json.Serialization;

namespace SamSharp.Samples.FineTuneT5.Comparison;

/// <summary>The measurements of a trial.</summary>
/// <param name="Metric">The task's main score.</param>
/// <param name="Score">Score on the held-out rows, from 0 to 1; 0 if training diverged.</param>
/// <param name="Loss">Mean cross-entropy on the held-out rows; null if training diverged.</param>
/// <param name="SharpnessBefore">Rise of the training loss in one ascent step, before training.</param>
/// <param name="SharpnessAfter">The same after training; null if training diverged.</param>
/// <param name="StepMilliseconds">Median time of a step.</param>
/// <param name="Seconds">Time of the whole run, including evaluation.</param>
/// <param name="Curve">Training losses during the run.</param>
public sealed record TrialResult(
    Trial Trial, string Metric, double Score, double? Loss, double SharpnessBefore, double? SharpnessAfter,
    double StepMilliseconds, double Seconds, IReadOnlyList<CurvePoint> Curve)
{
    /// <summary>What else was measured on the held-out rows, by name.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, double>? Measures { get; init; }

    /// <summary>The predicted labels of the held-out rows in the form of <see cref="T5.Evaluation.PredictedLabels"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Predictions { get; init; }

    /// <summary>Time of all steps.</summary>
    [JsonIgnore]
    public double TrainingMilliseconds => StepMilliseconds * Trial.Steps;

    public bool Diverged => Loss is null;
}
