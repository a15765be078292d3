using System.Globalization;
using SamSharp.Samples.T5.Metrics;

namespace SamSharp.Samples.T5.Tasks;

/// <summary>STS-B: the similarity of two sentences from 0 to 5, which T5 writes as a number in steps of 0.2.</summary>
public sealed class SimilarityTask(string name, string prompt) : TableTask(name, prompt)
{
    /// <summary>The score of a text that is not a number, as in T5's evaluation.</summary>
    private const double NoNumber = -1;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Metrics => ["pearson", "spearman"];

    /// <inheritdoc/>
    protected override string ToTarget(string? label, Func<string, FormatException> refusal) =>
        TryParse(label, out var score) && score is >= 0 and <= 5
            ? (Math.Round(score * 5) / 5).ToString("0.0", CultureInfo.InvariantCulture)
            : throw refusal("The score must be a number from 0 to 5.");

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, double> Evaluate(
        IReadOnlyList<string> predictions, IReadOnlyList<TaskExample> examples)
    {
        double[] predicted = [.. predictions.Select(Number)];
        double[] targets = [.. examples.Select(example => Number(example.Target))];
        return new Dictionary<string, double>
        {
            ["pearson"] = CorrelationMetrics.Pearson(predicted, targets),
            ["spearman"] = CorrelationMetrics.Spearman(predicted, targets),
        };
    }

    private static double Number(string text) => TryParse(text, out var number) && double.IsFinite(number) ? number : NoNumber;

    private static bool TryParse(string? text, out double number) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number);
}
