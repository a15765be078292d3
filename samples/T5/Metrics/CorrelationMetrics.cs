namespace SamSharp.Samples.T5.Metrics;

/// <summary>Correlation between predicted and true numbers, from -1 to 1; 0 if either are all equal.</summary>
public static class CorrelationMetrics
{
    /// <summary>Pearson correlation of the values.</summary>
    public static double Pearson(IReadOnlyList<double> predictions, IReadOnlyList<double> targets)
    {
        Paired.Check(predictions, targets);
        var (predictedMean, targetMean) = (predictions.Average(), targets.Average());
        var (covariance, predictedVariance, targetVariance) = (0.0, 0.0, 0.0);
        foreach (var (prediction, target) in predictions.Zip(targets))
        {
            var (x, y) = (prediction - predictedMean, target - targetMean);
            covariance += x * y;
            predictedVariance += x * x;
            targetVariance += y * y;
        }
        var scale = Math.Sqrt(predictedVariance * targetVariance);
        return scale == 0 ? 0 : covariance / scale;
    }

    /// <summary>Spearman correlation: Pearson correlation of the ranks; equal values share their mean rank.</summary>
    public static double Spearman(IReadOnlyList<double> predictions, IReadOnlyList<double> targets) =>
        Pearson(Ranks(predictions), Ranks(targets));

    private static double[] Ranks(IReadOnlyList<double> values)
    {
        var ranks = new double[values.Count];
        var below = 0;
        foreach (var equal in Enumerable.Range(0, values.Count).GroupBy(i => values[i]).OrderBy(group => group.Key))
        {
            var count = equal.Count();
            foreach (var i in equal)
                ranks[i] = below + (count + 1) / 2.0;
            below += count;
        }
        return ranks;
    }
}
