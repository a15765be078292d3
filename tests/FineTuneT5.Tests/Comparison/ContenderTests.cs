using SamSharp.Samples.FineTuneT5.Comparison;
using SamSharp.Samples.T5.Training;

namespace SamSharp.Samples.FineTuneT5.Tests.Comparison;

public class ContenderTests
{
    [Theory]
    [InlineData("base*1.25", null, 1, 1.25, "base, +25% steps")]
    [InlineData("sam", "sam", 1, 1, "SAM")]
    [InlineData("sam/4", "sam", 0.25, 1, "SAM, 1/4 ascent")]
    [InlineData("asam/2*0.5", "asam", 0.5, 0.5, "ASAM, 1/2 ascent, -50% steps")]
    [InlineData("looksam", "looksam", 1, 1, "LookSAM")]
    public void A_name_says_recipe_ascent_and_steps(string name, string? recipe, double fraction, double effort, string title)
    {
        var contender = Contender.Parse(name);
        Assert.Equal(new Contender(name, recipe, fraction, effort), contender);
        Assert.Equal(title, contender.Title);
        Assert.Equal((int)(100 * effort), contender.Steps(100));
    }

    [Fact]
    public void It_changes_the_algorithm_of_a_run_and_nothing_else()
    {
        var options = new TrainingOptions { Rho = 0.3, Seed = 7 };
        Assert.Equal(options with { Recipe = "asam", AscentFraction = 0.25 }, Contender.Parse("asam/4").Apply(options));
        Assert.Equal(options with { Rho = 0, AscentFraction = 1 }, Contender.Base.Apply(options));
    }

    [Fact]
    public void A_fresh_head_is_left_out_where_the_name_says_so()
    {
        var contender = Contender.Parse("sam:body/4*2");
        Assert.Equal(new Contender("sam:body/4*2", "sam", 0.25, 2) { Perturb = "body" }, contender);
        Assert.Equal("SAM, head left out, 1/4 ascent, +100% steps", contender.Title);
        Assert.Equal("body", contender.Apply(new TrainingOptions()).Perturb);
        Assert.Equal("body", Contender.Parse("sam").Apply(new TrainingOptions { Perturb = "body" }).Perturb);
    }

    [Fact]
    public void Remedies_of_the_base_have_a_strength()
    {
        var options = new TrainingOptions { Rho = 0.3 };
        Assert.Equal(options with { Rho = 0, AscentFraction = 1, LabelSmoothing = 0.3 }, Contender.Parse("label-smoothing").Apply(options));
        Assert.Equal(options with { Rho = 0, AscentFraction = 1, LossCeiling = 0.3 }, Contender.Parse("loss-ceiling").Apply(options));
        var steps = Contender.Parse("tuned-steps");
        Assert.Equal(options with { Rho = 0, AscentFraction = 1 }, steps.Apply(options));
        Assert.Equal((30, 200, 100), (steps.Steps(100, 0.3), steps.Steps(100, 2), Contender.Parse("sam").Steps(100, 0.3)));
        Assert.Equal(("tuned-steps", false, "base, steps tuned"), (steps.Tuned, steps.IsSharpnessAware, steps.Title));
    }

    [Fact]
    public void Its_name_says_how_many_rows_share_a_perturbation_and_whether_weights_are_averaged()
    {
        var contender = Contender.Parse("sam:body:m4:averaged*2");
        Assert.Equal(new Contender("sam:body:m4:averaged*2", "sam", 1, 2) { Perturb = "body", AscentRows = 4, IsAveraged = true }, contender);
        Assert.Equal("SAM, head left out, m = 4, weights averaged, +100% steps", contender.Title);
        var options = new TrainingOptions { Perturb = "body", AscentFraction = 1 };
        Assert.Equal(options with { AscentRows = 4, AverageFrom = 0.75 }, contender.Apply(options));
        Assert.Equal("base, weights averaged", Contender.Parse("base:averaged").Title);
        Assert.Equal(options with { Rho = 0, AverageFrom = 0.75 }, Contender.Parse("base:averaged").Apply(options));
    }

    [Theory]
    [InlineData("base:m4", "no ascent")]
    [InlineData("sam:m0", "sam:m4")]
    [InlineData("sam:m4/4", "each 4 rows")]
    [InlineData("gsam:m4", "each 4 rows")]
    [InlineData("label-smoothing/4", "no ascent")]
    [InlineData("base:body", "no ascent")]
    [InlineData("samm", "Known: sam")]
    [InlineData("sam/0", "sam/4")]
    [InlineData("SAM", "sam/4")]
    [InlineData("base/4", "no ascent")]
    [InlineData("gsam/4", "whole batch")]
    public void Others_are_refused(string name, string named)
    {
        var error = Assert.Throws<ArgumentException>(() => Contender.Parse(name));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }
}
