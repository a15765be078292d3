using SamSharp.Samples.FineTuneT5.Comparison;

namespace SamSharp.Samples.FineTuneT5.Tests.Comparison;

public class PairedDifferenceTests
{
    /// <summary>
    /// Student's sleep data (1908), the textbook example of R's t.test: mean 1.58, t = 4.0621, p = 0.002833, 95 % interval 0.7001 to 2.4599.
    /// </summary>
    /// <summary>Holm's own steps: the smallest times 4, the next times 3, and none below the one before.</summary>
    [Fact]
    public void P_values_are_corrected_for_their_number()
    {
        var corrected = PairedDifference.Holm([0.01, 0.04, double.NaN, 0.03, 0.005]);
        double[] expected = [0.03, 0.06, double.NaN, 0.06, 0.02];
        foreach (var (one, other) in expected.Zip(corrected))
            Assert.Equal(one, other, 12);
        Assert.Equal([1, 1], PairedDifference.Holm([0.6, 0.9]));
    }

    [Fact]
    public void Students_sleep_data_give_the_published_test()
    {
        var difference = PairedDifference.Of([1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4]);
        Assert.Equal(10, difference.Pairs);
        Assert.Equal(1.58, difference.Mean, 1e-12);
        Assert.Equal((2.4598858 - 0.7001142) / 2, difference.HalfWidth, 1e-6);
        Assert.Equal(0.002833, difference.PValue, 1e-6);
        Assert.Equal((9, 1, 0), (difference.Wins, difference.Ties, difference.Losses));
    }

    /// <summary>
    /// Two seeds, two rows, the first row won by both: mean 0.5; variance over seeds 0, over rows 0.25, over both 1/12: standard error 0.40825,
    /// t(1) at 97.5 % 12.7062.
    /// </summary>
    [Fact]
    public void Rows_that_runs_share_widen_the_interval()
    {
        var difference = PairedDifference.OfRows([[1, 0], [1, 0]]);
        Assert.Equal((2, 0.5, 2, 0, 0), (difference.Pairs, difference.Mean, difference.Wins, difference.Ties, difference.Losses));
        Assert.Equal(12.7062 * Math.Sqrt(1.0 / 6), difference.HalfWidth, 1e-3);
        Assert.Equal(2 * Math.Atan(Math.Sqrt(1.0 / 6) / 0.5) / Math.PI, difference.PValue, 1e-9);
    }

    /// <summary>Where the rows differ no more than chance allows, the seeds alone make the interval.</summary>
    [Fact]
    public void An_interval_over_rows_is_at_least_that_over_seeds()
    {
        var rows = PairedDifference.OfRows([[1, -1, 1, 0], [-1, 1, 0, 1], [1, 1, -1, 1]]);
        var seeds = PairedDifference.Of([0.25, 0.25, 0.5]);
        Assert.Equal((seeds.Mean, seeds.HalfWidth, seeds.PValue), (rows.Mean, rows.HalfWidth, rows.PValue));
        Assert.True(double.IsNaN(PairedDifference.OfRows([[1, 0]]).HalfWidth));
    }

    [Fact]
    public void A_single_pair_has_no_interval()
    {
        var difference = PairedDifference.Of([-0.5]);
        Assert.Equal((-0.5, 0, 0, 1), (difference.Mean, difference.Wins, difference.Ties, difference.Losses));
        Assert.True(double.IsNaN(difference.HalfWidth) && double.IsNaN(difference.PValue));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(2, 0)]
    public void Differences_that_are_all_alike_are_certain(double value, double p)
    {
        var difference = PairedDifference.Of([value, value, value]);
        Assert.Equal((0, p), (difference.HalfWidth, difference.PValue));
    }
}
