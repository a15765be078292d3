using SamSharp.Samples.FineTuneT5.Comparison;
using SamSharp.Samples.T5.Training;

namespace SamSharp.Samples.FineTuneT5.Tests.Comparison;

public class TrialOptionsTests
{
    [Theory]
    [InlineData("base", 0)]
    [InlineData("sam/4", 0.25)]
    public void A_trial_trains_with_its_own_numbers_and_the_same_dropout_masks_in_each_pass(string contender, double rho)
    {
        var trial = new Trial("sentences", "adafactor", contender, 100, 40, 3, 0.02, rho, 0, Tuning: false);
        var options = TrialRunner.OptionsOf(trial, new TrainingOptions { Seed = 9, ReplayRandomness = false, EvaluateEvery = 5, WeightDecay = 0.5 });
        Assert.True(options.ReplayRandomness);
        Assert.Equal(("adafactor", 0.02, rho, 40, 3), (options.Optimizer, options.LearningRate, options.Rho, options.Steps, options.Seed));
        Assert.Equal((0, 0.5), (options.EvaluateEvery, options.WeightDecay));
    }
}
