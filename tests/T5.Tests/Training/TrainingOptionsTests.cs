using SamSharp.Samples.T5.Training;

namespace SamSharp.Samples.T5.Tests.Training;

public class TrainingOptionsTests
{
    [Theory]
    [InlineData(double.NaN, 0.25, "rho")]
    [InlineData(-0.1, 0.25, "rho")]
    [InlineData(double.PositiveInfinity, 0.25, "rho")]
    [InlineData(0.05, 0.0, "fraction")]
    [InlineData(0.05, 1.01, "fraction")]
    [InlineData(0.05, double.NaN, "fraction")]
    public void Options_out_of_range_are_refused_by_name(double rho, double fraction, string named)
    {
        var error = Assert.Throws<ArgumentException>(() => new TrainingOptions { Rho = rho, AscentFraction = fraction }.Validate());
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_of_the_batches_and_of_stopping_are_checked_too()
    {
        Refused(new() { LabelSmoothing = 1 }, "label smoothing is 1");
        Refused(new() { MixtureCap = 0 }, "cap is 0");
        Refused(new() { Patience = 0 }, "patience is 0");
        Refused(new() { MicroBatchSize = 0 }, "micro-batch is 0");
        Refused(new() { MaxGradientNorm = 0 }, "gradient norm is 0");
        Refused(new() { Recipe = "sam2" }, "'sam2'");
        Refused(new() { AscentRows = 0 }, "ascent are 0");
        Refused(new() { AscentRows = 4 }, "fraction is 1");
        Refused(new() { AscentRows = 4, AscentFraction = 1, MicroBatchSize = 2 }, "no micro-batch");
        Refused(new() { AscentRows = 4, AscentFraction = 1, Recipe = "gsam" }, "GSAM needs");
        Refused(new() { AverageFrom = 1 }, "averaged from 1");
        Refused(new() { Patience = 3, EvaluateEvery = 0 }, "Patience counts evaluations");

        static void Refused(TrainingOptions options, string named) =>
            Assert.Contains(named, Assert.Throws<ArgumentException>(options.Validate).Message, StringComparison.Ordinal);
    }
}
