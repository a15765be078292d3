using MathNet.Numerics.Distributions;

namespace SamSharp.Samples.FineTuneT5.Comparison;

/// <summary>The difference between a contender and the base over pairs of runs.</summary>
/// <param name="Pairs">Number of pairs.</param>
/// <param name="Mean">The mean difference.</param>
/// <param name="HalfWidth">Half of the 95 % interval from Student's t; NaN for a single pair.</param>
/// <param name="PValue">p of the two-sided paired t-test; NaN for a single pair.</param>
public sealed record PairedDifference(int Pairs, double Mean, double HalfWidth, double PValue, int Wins, int Ties, int Losses)
{
    private const double Confidence = 0.95;

    /// <param name="differences">Contender minus base for each pair.</param>
    public static PairedDifference Of(IReadOnlyList<double> differences)
    {
        var (n, mean) = (differences.Count, differences.Average());
        var (wins, losses) = (differences.Count(value => value > 0), differences.Count(value => value < 0));
        var (halfWidth, p) = (double.NaN, double.NaN);
        if (n > 1)
        {
            var error = Math.Sqrt(differences.Sum(value => (value - mean) * (value - mean)) / (n - 1) / n);
            halfWidth = error * StudentT.InvCDF(0, 1, n - 1, 0.5 * (1 + Confidence));
            p = error == 0 ? (mean == 0 ? 1 : 0) : 2 * StudentT.CDF(0, 1, n - 1, -Math.Abs(mean) / error);
        }
        return new(n, mean, halfWidth, p, wins, n - wins - losses, losses);
    }

    /// <summary>
    /// The p-values corrected for being one of many (Holm, 1979): whoever reports all that are below 0.05 is wrong about any of them in at most
    /// one of twenty comparisons. NaN stays NaN and counts as no test.
    /// </summary>
    public static IReadOnlyList<double> Holm(IReadOnlyList<double> pValues)
    {
        var corrected = pValues.ToArray();
        int[] tests = [.. Enumerable.Range(0, pValues.Count).Where(i => !double.IsNaN(pValues[i])).OrderBy(i => pValues[i])];
        var largest = 0.0;
        foreach (var (rank, i) in tests.Index())
            corrected[i] = largest = Math.Max(largest, Math.Min(1, (tests.Length - rank) * pValues[i]));
        return corrected;
    }
}
