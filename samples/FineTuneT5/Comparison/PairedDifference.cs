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
        var difference = new PairedDifference(n, mean, double.NaN, double.NaN, wins, n - wins - losses, losses);
        return n == 1 ? difference : difference.WithError(Math.Sqrt(differences.Sum(value => (value - mean) * (value - mean)) / (n - 1) / n));
    }

    /// <summary>
    /// For runs that are measured on the same rows. The interval is for other seeds and other rows at once: variances with clusters in both
    /// directions (Cameron, Gelbach and Miller, 2011), and never less than that of the seeds alone; Student's t with one degree of freedom less
    /// than there are pairs.
    /// </summary>
    /// <param name="differences">For each pair, contender minus base for each row, in one order of the rows.</param>
    public static PairedDifference OfRows(IReadOnlyList<double[]> differences)
    {
        var (n, rows) = (differences.Count, differences[0].Length);
        var mean = differences.Average(pair => pair.Average());
        var overSeeds = Of([.. differences.Select(pair => pair.Average())]);
        if (n == 1)
            return overSeeds;
        // A number of equal weights: the sum of squares of cluster means, with the correction for few clusters.
        static double Variance(IEnumerable<double> deviations, double count) => deviations.Sum(value => value * value) / count / (count - 1);
        var bySeed = Variance(differences.Select(pair => pair.Average() - mean), n);
        var byRow = rows == 1 ? 0 : Variance(Enumerable.Range(0, rows).Select(row => differences.Average(pair => pair[row]) - mean), rows);
        var byBoth = Variance(differences.SelectMany(pair => pair.Select(value => value - mean)), (double)n * rows);
        return overSeeds.WithError(Math.Sqrt(Math.Max(bySeed, bySeed + byRow - byBoth)));
    }

    private PairedDifference WithError(double error) => this with
    {
        HalfWidth = error * StudentT.InvCDF(0, 1, Pairs - 1, 0.5 * (1 + Confidence)),
        PValue = error == 0 ? (Mean == 0 ? 1 : 0) : 2 * StudentT.CDF(0, 1, Pairs - 1, -Math.Abs(Mean) / error),
    };

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
