using System.Reflection;
using System.Text.RegularExpressions;
using SamSharp.Tests.Architecture;

namespace SamSharp.Tests.Pages;

/// <summary>What the pages say of the code.</summary>
public partial class PageTests
{
    public static TheoryData<string> Pages => [.. Page.All];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Every_link_leads_somewhere(string path)
    {
        var page = Page.Read(path);
        Assert.NotEmpty(page.Links());
        Assert.Empty(page.BrokenLinks());
    }

    /// <summary>Links that lead nowhere are found, and no others.</summary>
    [Fact]
    public void A_broken_link_is_found()
    {
        const string text = "## A *heading* of F\\#\n[a](#a-heading-of-f) [b](#none) [c](src/SamSharp/USAGE.md#first-step)\n" +
            "[d](src/SamSharp/USAGE.md#none) [e](src/None.cs) [f](src)\n";
        Assert.Equal(["#none", "src/SamSharp/USAGE.md#none", "src/None.cs"], new Page("README.md", text).BrokenLinks());
    }

    [Fact]
    public void The_first_page_is_short() => Assert.InRange(Page.Read("README.md").Lines.Length, 1, 150);

    /// <summary>A paper is a file, and each file has a row.</summary>
    [Fact]
    public void Every_algorithm_has_a_row()
    {
        var rows = Page.Read("src/SamSharp/ALGORITHMS.md").Lines.Where(line => line.StartsWith('|')).ToArray();
        var files = Directory.EnumerateFiles(Path.Combine(SourceTree.Top, "src/SamSharp/Algorithms"), "*.cs").Select(Path.GetFileName).ToArray();
        Assert.True(files.Length > 30);
        Assert.All(files, file => Assert.Contains(rows, row => row.Contains($"](Algorithms/{file})", StringComparison.Ordinal)));
    }

    [Fact]
    public void Every_recipe_is_on_the_page_of_algorithms()
    {
        var named = Named().Matches(Page.Read("src/SamSharp/ALGORITHMS.md").Text).Select(match => match.Groups[1].Value).ToHashSet();
        Assert.True(Recipes.Length > 40);
        Assert.Empty(Recipes.Except(named));
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Every_recipe_of_a_page_exists(string path)
    {
        var named = Named().Matches(Page.Read(path).Text).Select(match => match.Groups[1].Value).Where(name => name != "X");
        Assert.Empty(named.Except(Recipes));
    }

    [Fact]
    public void The_first_page_counts_the_recipes() =>
        Assert.True(Recipes.Length >= 45, $"the README speaks of about fifty published recipes; there are {Recipes.Length}");

    private static string[] Recipes { get; } = [.. typeof(Recipe).GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly)
        .Select(method => method.Name).Distinct()];

    [GeneratedRegex(@"\bRecipe\.(\w+)")]
    private static partial Regex Named();
}
