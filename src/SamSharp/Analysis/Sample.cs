namespace SamSharp.Analysis;

/// <summary>Mean and standard error of independent draws.</summary>
internal static class Sample
{
    /// <summary>The mean, and sqrt(variance / n) with the unbiased variance; null for a single draw.</summary>
    public static (double Mean, double? StandardError) Of(IReadOnlyCollection<double> draws) => Weighted([.. draws.Select(draw => (draw, 1.0))]);

    /// <summary>The weighted mean of the draws, and its standard error.</summary>
    public static (double Mean, double? StandardError) Weighted(IReadOnlyCollection<(double Value, double Weight)> draws)
    {
        var total = draws.Sum(draw => draw.Weight);
        var mean = draws.Sum(draw => draw.Weight * draw.Value) / total;
        var n = (double)draws.Count;
        return (mean, n < 2 ? null : Math.Sqrt(draws.Sum(draw => Math.Pow(draw.Weight * (draw.Value - mean), 2)) * n / (n - 1)) / total);
    }
}
