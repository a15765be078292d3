namespace SamSharp.Samples.T5.Metrics;

internal static class Paired
{
    /// <summary>Checks that there is one prediction per target, and at least one.</summary>
    public static void Check<TPrediction, TTarget>(IReadOnlyList<TPrediction> predictions, IReadOnlyList<TTarget> targets)
    {
        if (predictions.Count != targets.Count)
            throw new ArgumentException($"There are {predictions.Count} predictions for {targets.Count} targets; provide one for each.");
        if (targets.Count == 0)
            throw new ArgumentException("There is nothing to evaluate: no predictions and no targets.");
    }
}
