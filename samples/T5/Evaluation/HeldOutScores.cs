namespace SamSharp.Samples.T5.Evaluation;

/// <summary>What was measured on held-out rows.</summary>
/// <param name="Values">Scores, the loss and other measures, by name.</param>
/// <param name="Predictions">Each row's predicted label in the form of <see cref="PredictedLabels"/>; null where there are none.</param>
public sealed record HeldOutScores(IReadOnlyDictionary<string, double> Values, string? Predictions = null);
