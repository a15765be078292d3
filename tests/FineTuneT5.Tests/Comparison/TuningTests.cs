using SamSharp.Samples.FineTuneT5.CommandLine;
using SamSharp.Samples.FineTuneT5.Comparison;

namespace SamSharp.Samples.FineTuneT5.Tests.Comparison;

public class TuningTests
{
    private static readonly CompareRequest Request = Demonstration.Comparison("run") with
    {
        Tasks = ["sst2=a", "trec=b"],
        Sizes = [new(100, 10), new(300, 20), new(null, 30)],
        TuningSeeds = [101, 102],
        Optimizers = [new("adafactor", [0.01, 0.04, 0.16])],
        Contenders = [Contender.Parse("base*1.25"), Contender.Parse("sam/4"), Contender.Parse("asam")],
        Radii = new Dictionary<string, double[]> { ["sam"] = [0.1, 0.2, 0.4], ["asam"] = [1] },
        LabelNoise = 0.1,
    };

    [Fact]
    public void The_base_gets_as_many_runs_as_a_contender_the_rates_they_share_apart()
    {
        var tuning = new Tuning(Request, trial => Result(trial, Math.Abs(Math.Log(trial.LearningRate / 0.04))));
        var first = tuning.FirstRound.ToList();
        Assert.Equal(3 * 2 * 2, first.Count); // rates, tasks, seeds
        Assert.All(first, trial => Assert.Equal(("base", 300, 20, 0.0, 0.1, true),
            (trial.Contender, trial.Rows, trial.Steps, trial.Rho, trial.LabelNoise, trial.Tuning)));
        var second = tuning.SecondRound.ToList();
        Assert.Equal([("base", 12), ("sam/4", 12)], second.GroupBy(trial => trial.Contender).Select(group => (group.Key, group.Count())).Order());
        Assert.All(second.Where(trial => trial.Contender == "sam/4"), trial => Assert.Equal(0.04, trial.LearningRate));
        // One between the best rate and the one below, two between it and the one above.
        Assert.Equal([0.02, 0.0635, 0.1008], second.Where(trial => trial.Contender == "base")
            .Select(trial => Math.Round(trial.LearningRate, 4)).Distinct());
    }

    [Fact]
    public void The_best_mean_over_tasks_and_seeds_is_taken()
    {
        // sst2 likes a rate of 0.01 a little, trec one of 0.16 much; both like a radius of 0.2.
        var tuning = new Tuning(Request, trial => Result(trial,
            (trial.Task == "sst2" ? 0.1 : 1) * Math.Abs(Math.Log(trial.LearningRate / (trial.Task == "sst2" ? 0.01 : 0.16)))
            + (trial.Rho == 0 ? 0 : Math.Abs(Math.Log(trial.Rho / 0.2)))));
        Assert.Equal(new Setting(0.16, 0), tuning.Best("adafactor", Contender.Base));
        Assert.Equal(new Setting(0.16, 0), tuning.Best("adafactor", Contender.Parse("base*1.25")));
        Assert.Equal(new Setting(0.16, 0.2), tuning.Best("adafactor", Contender.Parse("sam/4")));
        Assert.Equal(new Setting(0.16, 1), tuning.Best("adafactor", Contender.Parse("asam")));
        Assert.Equal(6 + 3, tuning.Tried.Count());
    }

    [Fact]
    public void A_single_rate_and_a_single_radius_are_taken_untried()
    {
        var tuning = new Tuning(Request with { Optimizers = [new("adafactor", [0.04])], Contenders = [Contender.Parse("asam")] }, _ => null);
        Assert.Empty(tuning.FirstRound.Concat(tuning.SecondRound));
        Assert.Equal(new Setting(0.04, 0), tuning.Best("adafactor", Contender.Base));
        Assert.Equal(new Setting(0.04, 1), tuning.Best("adafactor", Contender.Parse("asam")));
    }

    [Fact]
    public void The_number_of_steps_is_tuned_like_a_radius()
    {
        var contender = Contender.Parse("tuned-steps");
        var request = Request with { Contenders = [contender], Radii = new Dictionary<string, double[]> { ["tuned-steps"] = [0.5, 1, 2] } };
        var tuning = new Tuning(request, trial => Result(trial, Math.Abs(trial.Steps - 40) + Math.Abs(Math.Log(trial.LearningRate / 0.04))));
        Assert.Equal([10, 20, 40], tuning.SecondRound.Where(trial => trial.Contender == "tuned-steps").Select(trial => trial.Steps).Distinct());
        Assert.Equal(new Setting(0.04, 2), tuning.Best("adafactor", contender));
    }

    [Fact]
    public void A_strength_out_of_its_range_is_refused()
    {
        var request = Request with
        {
            Contenders = [Contender.Parse("label-smoothing")],
            Radii = new Dictionary<string, double[]> { ["label-smoothing"] = [1.5] },
        };
        Assert.Contains("label smoothing is 1.5", Assert.Throws<ArgumentException>(request.Validate).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_recipe_without_a_radius_is_refused()
    {
        var request = Request with { Contenders = [Contender.Parse("gsam")] };
        Assert.Contains("--rhos gsam=", Assert.Throws<ArgumentException>(request.Validate).Message, StringComparison.Ordinal);
    }

    private static TrialResult Result(Trial trial, double loss) => new(trial, "accuracy", -loss, loss, 0, 0, 1, 1, []);
}
