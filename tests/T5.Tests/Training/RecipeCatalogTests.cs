using SamSharp.Samples.T5.Training;

namespace SamSharp.Samples.T5.Tests.Training;

public class RecipeCatalogTests
{
    [Theory]
    [InlineData("weight-scaled-sam", "Weight-scaled", false)]
    [InlineData("stable-asam", "StableSAM on ASAM", true)]
    [InlineData("coupled-wsam", "WSAM, coupled", true)]
    [InlineData("trace-sam", "Universal SAM, trace", true)]
    [InlineData("random-steps-sam", "Random steps (SS-SAM, RST)", false)]
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
