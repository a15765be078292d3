using System.Text.Json.Serialization;

namespace SamSharp.Samples.FineTuneT5.Comparison;

/// <summary>What a trial measured.</summary>
/// <param name="Metric">The task's main score.</param>
/// <param name="Score">Of the held-out rows, from 0 to 1; 0 where training diverged.</param>
/// <param name="Loss">Mean cross-entropy of the held-out rows; null where training diverged.</param>
/// <param name="SharpnessBefore">How much the training loss climbs in one sharpness-aware step, before training.</param>
/// <param name="SharpnessAfter">The same after it; null where training diverged.</param>
/// <param name="StepMilliseconds">The median of the steps.</param>
/// <param name="Seconds">The whole run, with evaluation.</param>
/// <param name="Curve">Training losses on the way.</param>
public sealed record TrialResult(
    Trial Trial, string Metric, double Score, double? Loss, double SharpnessBefore, double? SharpnessAfter,
    double StepMilliseconds, double Seconds, IReadOnlyList<CurvePoint> Curve)
{
    /// <summary>What else was measured on the held-out rows, by name.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, double>? Measures { get; init; }

    public bool Diverged => Loss is null;
}
