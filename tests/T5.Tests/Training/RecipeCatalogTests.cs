using SamSharp.Samples.T5.Training;

namespace SamSharp.Samples.T5.Tests.Training;

public class RecipeCatalogTests
{
    [Theory]
    [InlineData("weight-scaled-sam", "Weight Scaled SAM", false)]
    [InlineData("stable-asam", "Stable ASAM", true)]
    [InlineData("coupled-wsam", "Coupled WSAM", true)]
    [InlineData("trace-sam", "Trace SAM", true)]
    [InlineData("random-steps-sam", "Random Steps SAM", false)]
    public void A_recipe_that_needs_nothing_but_the_radius_is_offered_by_itself(string name, string title, bool needsWholeBatch)
    {
        Assert.Contains(name, RecipeCatalog.Names);
        Assert.Equal(title, RecipeCatalog.Title(name));
        Assert.Equal(needsWholeBatch, RecipeCatalog.NeedsWholeBatch(name));
    }

    /// <summary>No recipe is offered twice, and none that needs closures of the user.</summary>
    [Theory]
    [InlineData("look-sam")]
    [InlineData("fisher-mask-sam")]
    [InlineData("sparse-sam")]
    [InlineData("dp-sat")]
    [InlineData("eigen-sam")]
    public void No_other_is_offered(string name) => Assert.DoesNotContain(name, RecipeCatalog.Names);
}
