using SamSharp.Samples.T5.Training;

namespace SamSharp.Samples.T5.Tests.Training;

public class LearningRateScheduleTests
{
    [Theory]
    // Warm-up of 4 steps: fifths of the peak, then the peak.
    [InlineData("constant", 0, 0.2)]
    [InlineData("constant", 3, 0.8)]
    [InlineData("constant", 4, 1.0)]
    [InlineData("constant", 99, 1.0)]
    [InlineData("linear", 4, 1.0)]
    [InlineData("linear", 54, 1 - 50 / 100.0)]
    [InlineData("linear", 103, 0.01)]
    [InlineData("linear", 104, 0.0)]
    [InlineData("cosine", 54, 0.5)]
    [InlineData("cosine", 29, 0.8535533905932737)]
    [InlineData("inverse-sqrt", 4, 1.0)]
    [InlineData("inverse-sqrt", 19, 0.5)]
    public void The_factor_of_the_peak_follows_the_schedule(string name, int step, double factor)
        => Assert.Equal(2e-3 * factor, new LearningRateSchedule(name, peak: 2e-3, warmupSteps: 4, totalSteps: 104).At(step), 1e-12);

    [Fact]
    public void Without_warm_up_the_first_step_has_the_peak()
        => Assert.All(LearningRateSchedule.Names, name => Assert.Equal(0.1, new LearningRateSchedule(name, 0.1, 0, 10).At(0)));

    [Theory]
    [InlineData("constant", 79, 1.0)]
    [InlineData("constant", 84, 1.0)]
    [InlineData("constant", 94, 0.5)]
    [InlineData("constant", 103, 0.05)]
    [InlineData("inverse-sqrt", 99, 0.25 * 0.22360679774997896)]
    public void A_cool_down_ends_any_schedule(string name, int step, double factor)
        => Assert.Equal(2e-3 * factor, new LearningRateSchedule(name, peak: 2e-3, warmupSteps: 4, totalSteps: 104, cooldownSteps: 20)
            .At(step), 1e-12);

    [Fact]
    public void An_unknown_schedule_is_refused_by_name()
        => Assert.Contains("'square'", Assert.Throws<ArgumentException>(() => new LearningRateSchedule("square", 1, 0, 1)).Message,
            StringComparison.Ordinal);
}
