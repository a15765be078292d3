namespace SamSharp.Samples.T5.Metrics;

internal static class Paired
{
    /// <summary>Makes sure that there is one prediction for each target, and any at all.</summary>
    public static void Check<TPrediction, TTarget>(IReadOnlyList<TPrediction> predictions, IReadOnlyList<TTarget> targets)
    {
        if (predictions.Count != targets.Count)
            throw new ArgumentException($"There are {predictions.Count} predictions for {targets.Count} targets; give one for each.");
        if (targets.Count == 0)
            throw new ArgumentException("There is nothing to evaluate: no predictions and no targets.");
    }
}
