namespace SamSharp.Samples.Encoders.Evaluation;

/// <summary>How far a classifier's confidence can be trusted.</summary>
public static class Calibration
{
    private const int Bins = 15;

    /// <summary>
    /// The expected calibration error (Guo et al., 2017): rows in 15 bins of equal width by their confidence, the mean over the rows of how far
    /// a bin's accuracy is from its mean confidence.
    /// </summary>
    /// <param name="confidence">The probability of each row's predicted class.</param>
    /// <param name="right">Whether that is the row's class.</param>
    public static double ExpectedError(IReadOnlyList<double> confidence, IReadOnlyList<bool> right) =>
        confidence.Zip(right).GroupBy(row => Math.Min(Bins - 1, (int)(row.First * Bins)))
            .Sum(bin => Math.Abs(bin.Sum(row => row.First - (row.Second ? 1 : 0)))) / confidence.Count;

    /// <summary>The squared distance between a row's probabilities and its class, summed over the classes (Brier, 1950).</summary>
    /// <param name="probabilities">Of each class.</param>
    /// <param name="label">The row's class.</param>
    public static double Brier(ReadOnlySpan<double> probabilities, int label)
    {
        var sum = 0.0;
        for (var i = 0; i < probabilities.Length; i++)
            sum += Math.Pow(probabilities[i] - (i == label ? 1 : 0), 2);
        return sum;
    }
}
