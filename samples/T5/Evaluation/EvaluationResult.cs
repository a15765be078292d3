namespace SamSharp.Samples.T5.Evaluation;

/// <param name="Loss">Mean cross-entropy over all target ids.</param>
/// <param name="Scores">The task's metrics of the generated texts.</param>
/// <param name="Predictions">The generated texts, in the rows' order.</param>
public sealed record EvaluationResult(double Loss, IReadOnlyDictionary<string, double> Scores, IReadOnlyList<string> Predictions)
{
    /// <summary>Loss and scores together.</summary>
    public IReadOnlyDictionary<string, double> Metrics => new Dictionary<string, double>(Scores) { ["loss"] = Loss };
}
