using SamSharp.Tests.Support;

namespace SamSharp.Tests.Recipes;

/// <summary>Recipes by name, as a configuration file has them.</summary>
public class NamedRecipeTests
{
    public static TheoryData<string> WithDefaults => [.. Recipe.All.Where(recipe => recipe.HasDefaults).Select(recipe => recipe.Name)];

    [Theory]
    [MemberData(nameof(WithDefaults))]
    public void A_name_makes_what_the_method_makes(string name)
    {
        var method = Recipe.All.Single(recipe => recipe.Name == name).Method;
        var direct = (SharpnessAwareOptions)method.Invoke(null, [.. method.GetParameters().Select(parameter => parameter.DefaultValue)])!;
        var named = Recipe.Named(name);
        Assert.Equal(name, named.Name);
        Assert.Equal(direct.ToString(), (named with { Name = direct.Name }).ToString());
    }

    [Fact]
    public void Every_recipe_says_what_it_is()
    {
        Assert.True(Recipe.All.Count > 40);
        Assert.Equal(Recipe.All.Count, Recipe.All.Select(recipe => recipe.Title).Distinct().Count());
        Assert.All(Recipe.All, recipe => Assert.All(new[] { recipe.Source, recipe.Passes, recipe.Memory }, text => Assert.NotEmpty(text)));
        Assert.Equal(["rho", "theta"], Recipe.All.Single(recipe => recipe.Name == "vasso").Arguments);
    }

    [Fact]
    public void Arguments_are_given_by_name_with_numbers_of_any_type()
    {
        Assert.Equal(Recipe.Vasso(0.25, 1), Unnamed("Vasso", new() { ["rho"] = 0.25f, ["theta"] = 1 }));
        Assert.Equal(Recipe.IntervalSam(3).ToString(), Unnamed("interval-sam", new() { ["k"] = 3L }).ToString());
        Assert.Equal(Recipe.Gsam(maxLearningRate: 1).ToString(), Unnamed("gsam", new() { ["maxLearningRate"] = 1 }).ToString());
        Assert.Equal(Recipe.Gsam().ToString(), Unnamed("gsam", new() { ["maxLearningRate"] = null }).ToString());
        using var problem = new Problem();
        Assert.Equal(0.4, Recipe.Named("asam", new() { ["module"] = problem.Model, ["rho"] = 0.4 }).Rho);
    }

    [Theory]
    [InlineData("gsan", null, null, "There is no recipe 'gsan'. The names are: ")]
    [InlineData("vasso", "alpha", 1.0, "has no argument 'alpha'. It has: rho, theta.")]
    [InlineData("vasso", "theta", "0.9", "Argument 'theta' of recipe 'vasso' is 0.9; it must be a number.")]
    [InlineData("vasso", "theta", null, "'theta' of recipe 'vasso' is null; it must be a number.")]
    [InlineData("interval-sam", "k", 2.5, "'k' of recipe 'interval-sam' is 2.5; it must be a whole number.")]
    [InlineData("interval-sam", "rho", 0.1, "Recipe 'interval-sam' needs the argument 'k', a whole number.")]
    [InlineData("tram", "rho", 0.1, "Recipe 'tram' needs the argument 'divergence', a function.")]
    public void What_is_wrong_is_said(string name, string? argument, object? value, string message)
    {
        var arguments = argument is null ? null : new Dictionary<string, object?> { [argument] = value };
        var error = Assert.Throws<ArgumentException>(() => Recipe.Named(name, arguments));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_value_out_of_range_is_refused_as_by_the_method() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Recipe.Named("vasso", new() { ["theta"] = 2 }));

    private static SharpnessAwareOptions Unnamed(string name, Dictionary<string, object?> arguments) =>
        Recipe.Named(name, arguments) with { Name = null };
}
