using SamSharp.Samples.Encoders.Evaluation;

namespace SamSharp.Samples.Encoders.Tests;

public class TemperatureTests
{
    /// <summary>
    /// Scores of 4 for the predicted of two classes, three of four rows right: the loss is least where the confidence is 3/4, at
    /// T = 4 / ln 3 = 3.641.
    /// </summary>
    [Fact]
    public void The_loss_is_least_where_confidence_is_accuracy()
    {
        var rows = Enumerable.Repeat(Temperature.Scaled([4, 0], 1), 4).ToArray();
        Assert.Equal(4 / Math.Log(3), Temperature.Fit(rows, [0, 0, 0, 1]), 3);
        Assert.Equal(0.75, Math.Exp(Temperature.Scaled(rows[0], 4 / Math.Log(3))[0]), 9);
    }

    [Fact]
    public void Scaled_probabilities_add_up_and_keep_their_order()
    {
        double[] row = [1, -2, 700];
        var scaled = Temperature.Scaled(row, 3);
        Assert.Equal(1, scaled.Sum(Math.Exp), 12);
        Assert.True(scaled[2] > scaled[0] && scaled[0] > scaled[1]);
        Assert.Equal(699 / 3.0, scaled[2] - scaled[0], 9);
    }

    [Fact]
    public void Rows_that_are_all_right_get_the_lowest_temperature() =>
        Assert.Equal(0.05, Temperature.Fit([Temperature.Scaled([4, 0], 1)], [0]), 3);
}
