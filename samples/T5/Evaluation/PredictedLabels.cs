namespace SamSharp.Samples.T5.Evaluation;

/// <summary>
/// Predicted labels as a short text: a letter for each row, a for the first label, small where the prediction is right and a capital where
/// it is wrong.
/// </summary>
public static class PredictedLabels
{
    private const int MostLabels = 26;

    /// <summary>The text, or null where there are more labels than letters.</summary>
    /// <param name="predicted">Number of each row's predicted label.</param>
    /// <param name="right">Whether it is the row's own.</param>
    public static string? Write(IReadOnlyList<int> predicted, IReadOnlyList<bool> right) => predicted.Any(label => label >= MostLabels)
        ? null
        : string.Concat(predicted.Zip(right, (label, isRight) => (char)((isRight ? 'a' : 'A') + label)));

    /// <summary>For each row 1 where the prediction is right, else 0.</summary>
    public static int[] Right(string predictions) => [.. predictions.Select(letter => char.IsAsciiLetterLower(letter) ? 1 : 0)];

    /// <summary>The share of the rows that two models label alike.</summary>
    /// <exception cref="ArgumentException">The two have different numbers of rows.</exception>
    public static double Agreement(string one, string other)
    {
        if (one.Length != other.Length || one.Length == 0)
            throw new ArgumentException($"Predictions for {one.Length} and for {other.Length} rows cannot be compared.");
        return one.Zip(other).Count(pair => char.ToLowerInvariant(pair.First) == char.ToLowerInvariant(pair.Second)) / (double)one.Length;
    }
}
