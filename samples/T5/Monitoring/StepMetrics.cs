namespace SamSharp.Samples.T5.Monitoring;

/// <summary>What a sharpness-aware step says of itself, by the names under which it goes into <c>metrics.jsonl</c> and TensorBoard.</summary>
public static class StepMetrics
{
    /// <summary>
    /// The numbers of the last step that are known; those of the ascent are missing after a plain step. Reading them waits for the device, so
    /// ask only when reporting.
    /// </summary>
    public static Dictionary<string, double> Of(StepReport report) => new (string Name, double Value)[]
    {
        ("radius", report.Radius),
        ("gradient_norm", report.DirectionNorm),
        ("loss_at_w", report.Loss),
        ("loss_at_w_plus_e", report.PerturbedLoss),
        ("loss_difference", report.Sharpness),
        ("gradient_cosine", report.GradientCosine),
        ("skipped_share", report.SkippedShare),
    }.Where(metric => double.IsFinite(metric.Value)).ToDictionary(metric => metric.Name, metric => metric.Value);
}
