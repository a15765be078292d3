using SamSharp.Samples.T5.Metrics;

namespace SamSharp.Samples.T5.Tests.Metrics;

public class CorrelationMetricsTests
{
    [Fact]
    public void Pearson_is_covariance_over_both_deviations() // means 2.5 and 3; sum xy = 5, sum xx = 5, sum yy = 14
    {
        double[] predictions = [1, 2, 3, 4];
        double[] targets = [1, 2, 6, 3];
        Assert.Equal(5 / Math.Sqrt(5 * 14), CorrelationMetrics.Pearson(predictions, targets), 12);
    }

    [Fact]
    public void Pearson_does_not_depend_on_scale_and_offset()
    {
        double[] values = [0.2, 1.4, 3.0, 5.0];
        Assert.Equal(1, CorrelationMetrics.Pearson(values, [.. values.Select(value => 3 * value - 7)]), 12);
        Assert.Equal(-1, CorrelationMetrics.Pearson(values, [.. values.Select(value => -value)]), 12);
    }

    [Fact]
    public void Spearman_sees_only_the_order() =>
        Assert.Equal(1, CorrelationMetrics.Spearman([1, 10, 100, 1000], [0.1, 0.2, 0.3, 0.4]), 12);

    [Fact]
    public void Equal_values_share_their_mean_rank() // ranks 1, 2.5, 2.5, 4 and 1, 3, 2, 4: sum xy = 4.5, sum xx = 4.5, sum yy = 5
        => Assert.Equal(4.5 / Math.Sqrt(4.5 * 5), CorrelationMetrics.Spearman([1, 2, 2, 3], [1, 3, 2, 4]), 12);

    [Fact]
    public void Constant_predictions_correlate_with_nothing()
    {
        Assert.Equal(0, CorrelationMetrics.Pearson([2, 2, 2], [1, 2, 3]));
        Assert.Equal(0, CorrelationMetrics.Spearman([2, 2, 2], [1, 2, 3]));
    }
}
