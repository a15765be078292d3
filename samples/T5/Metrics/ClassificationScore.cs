namespace SamSharp.Samples.T5.Metrics;

/// <summary>A score of predicted label words, with its name in tables and <c>metrics.jsonl</c>.</summary>
/// <param name="Of">Computes the score from predictions, targets and label words; the last word is the positive label.</param>
public sealed record ClassificationScore(string Name, Func<IReadOnlyList<string>, IReadOnlyList<string>, IReadOnlyList<string>, double> Of)
{
    public static ClassificationScore Accuracy { get; } =
        new("accuracy", (predictions, targets, _) => ClassificationMetrics.Accuracy(predictions, targets));

    public static ClassificationScore Matthews { get; } = new("matthews", ClassificationMetrics.Matthews);

    /// <summary>F1 of the positive label of two.</summary>
    public static ClassificationScore F1 { get; } =
        new("f1", (predictions, targets, words) => ClassificationMetrics.BinaryF1(predictions, targets, words[^1], words[0]));

    public static ClassificationScore MacroF1 { get; } = new("f1_macro", ClassificationMetrics.MacroF1);
}
