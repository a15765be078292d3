namespace SamSharp.Samples.T5.Monitoring;

/// <summary>The numbers of a sharpness-aware step, with their names in <c>metrics.jsonl</c> and TensorBoard.</summary>
public static class StepMetrics
{
    /// <summary>
    /// The available numbers of the last step; a plain step has none of the ascent's. Reading them waits for the device, so call this
    /// only to report.
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
