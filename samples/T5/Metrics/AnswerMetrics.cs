namespace SamSharp.Samples.T5.Metrics;

/// <summary>Scores of free-text answers as in the official evaluations of SQuAD and TriviaQA, from 0 to 1.</summary>
public static class AnswerMetrics
{
    /// <summary>The names of the scores.</summary>
    public static IReadOnlyList<string> Names { get; } = ["f1", "exact_match"];

    /// <summary>Mean exact match and mean F1 over the questions; each question counts its best-matching right answer.</summary>
    /// <param name="predictions">One answer for each question.</param>
    /// <param name="answers">The right answers to each question, at least one.</param>
    /// <param name="normalize">Applied to all texts first; see <see cref="AnswerText"/>.</param>
    public static IReadOnlyDictionary<string, double> Score(
        IReadOnlyList<string> predictions, IReadOnlyList<IReadOnlyList<string>> answers, Func<string, string> normalize)
    {
        Paired.Check(predictions, answers);
        var (f1, exact) = (0.0, 0.0);
        foreach (var (prediction, accepted) in predictions.Select(normalize).Zip(answers))
        {
            string[] right = [.. accepted.Select(normalize)];
            exact += right.Contains(prediction) ? 1 : 0;
            f1 += right.Max(answer => F1(prediction, answer));
        }
        return new Dictionary<string, double> { ["f1"] = f1 / answers.Count, ["exact_match"] = exact / answers.Count };
    }

    /// <summary>2 common / (words in one + words in the other), where a word counts as often as both have it; 0 if they share none.</summary>
    public static double F1(string prediction, string answer)
    {
        var (predicted, right) = (Words(prediction), Words(answer));
        var counts = right.CountBy(word => word).ToDictionary();
        var common = predicted.CountBy(word => word).Sum(word => Math.Min(word.Value, counts.GetValueOrDefault(word.Key)));
        return common == 0 ? 0 : 2.0 * common / (predicted.Length + right.Length);
    }

    private static string[] Words(string text) => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
}
