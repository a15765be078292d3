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

    /// <summary>The tables of results are copies of tables that the comparisons wrote.</summary>
    [Fact]
    public void Every_table_of_results_is_in_a_report()
    {
        static string[] Tables(string text) => [.. TableLines().Matches(text.ReplaceLineEndings("\n")).Select(match => match.Value.TrimEnd())];
        var reports = Directory.EnumerateFiles(Path.Combine(SourceTree.Top, "samples/FineTuneT5/Artifacts/results"), "report.md",
            SearchOption.AllDirectories).SelectMany(path => Tables(File.ReadAllText(path))).ToHashSet();
        var tables = Tables(Page.Read("samples/FineTuneT5/RESULTS.md").Text);
        Assert.True(tables.Length > 10);
        Assert.Empty(tables.Except(reports));
        Assert.Distinct(tables);
    }

    [Fact]
    public void The_first_page_is_short() => Assert.InRange(Page.Read("README.md").Lines.Length, 1, 150);

    /// <summary>A paper is a file, and each file has a row.</summary>
    [Fact]
    public void Every_algorithm_has_a_row()
    {
        var rows = Page.Read("src/SamSharp/ALGORITHMS.md").Lines.Where(line => line.StartsWith('|')).ToArray();
        var files = Directory.EnumerateFiles(Path.Combine(SourceTree.Top, "src/SamSharp/Algorithms"), "*.cs").Select(Path.GetFileName)
            .Where(file => file!.Count(c => c == '.') == 1).ToArray(); // X.Options.cs belongs to X.cs
        Assert.True(files.Length > 30);
        Assert.All(files, file => Assert.Contains(rows, row => row.Contains($"](Algorithms/{file})", StringComparison.Ordinal)));
    }

    [Fact]
    public void Every_recipe_is_on_the_page_of_algorithms()
    {
        var named = Named().Matches(Page.Read("src/SamSharp/ALGORITHMS.md").Text).Select(match => match.Groups[1].Value).ToHashSet();
        Assert.True(Recipes.Length > 40);
        Assert.Empty(Recipe.All.Select(recipe => recipe.Method.Name).Except(named));
    }

    /// <summary>The pictures of the gallery are not older than the recipes: made again, its page has a row for each.</summary>
    [Fact]
    public void Every_recipe_is_in_the_gallery()
    {
        var rows = Page.Read("samples/Gallery/Pictures/README.md").Lines.Where(line => line.StartsWith("| ", StringComparison.Ordinal))
            .Select(line => line.Split('|')[1].Trim()).Where(name => name != "recipe");
        Assert.Equal(Recipe.All.Select(recipe => recipe.Name).Order(StringComparer.Ordinal), rows);
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
        Assert.True(Recipe.All.Count > 70, $"the README speaks of more than seventy published recipes; there are {Recipe.All.Count}");

    /// <summary>Every method of the literature that the page is to speak of, whether it is here or left out.</summary>
    public static TheoryData<string> Methods => [.. Literature.Methods];

    [Theory]
    [MemberData(nameof(Methods))]
    public void Every_method_of_the_literature_has_a_row(string method) =>
        Assert.Single(Page.Read("src/SamSharp/ALGORITHMS.md").Lines, line => line.StartsWith('|') && Literature.TitleOf(line) == method);

    [Fact]
    public void Every_paper_of_the_list_is_accounted_for() => Assert.Equal(Enumerable.Range(1, 98), Literature.Numbers);

    public static TheoryData<string> RecipeNames => [.. Recipe.All.Select(recipe => recipe.Name)];

    /// <summary>What a program can ask of a recipe is what the page says of it.</summary>
    [Theory]
    [MemberData(nameof(RecipeNames))]
    public void Title_cost_and_source_of_a_recipe_are_those_of_its_row(string name)
    {
        var recipe = Recipe.All.Single(one => one.Name == name);
        var row = Assert.Single(Page.Read("src/SamSharp/ALGORITHMS.md").Lines, line =>
            line.StartsWith('|') && Regex.IsMatch(line, $@"`Recipe\.{recipe.Method.Name}`"));
        var cells = row.Replace(@"\|", "\0", StringComparison.Ordinal).Split('|', StringSplitOptions.TrimEntries)[1..]
            .Select(cell => cell.Replace('\0', '|')).ToArray();
        var title = LinkText().Match(cells[0]).Groups[1].Value;
        Assert.True(title.Contains(recipe.Title, StringComparison.Ordinal) || recipe.Title.StartsWith(title, StringComparison.Ordinal),
            $"the row is called {title}, the recipe {recipe.Title}");
        Assert.Contains(cells[2], new[] { $"{recipe.Passes}, {recipe.Memory}", $"{recipe.Passes}; {recipe.Memory}" });
        Assert.StartsWith(recipe.Source, cells[5], StringComparison.Ordinal);
    }

    private static string[] Recipes { get; } =
        [.. Recipe.All.Select(recipe => recipe.Method.Name).Append(nameof(Recipe.Named)).Append(nameof(Recipe.All))];

    [GeneratedRegex(@"^\[([^\]]+)\]")]
    private static partial Regex LinkText();

    [GeneratedRegex(@"\bRecipe\.(\w+)")]
    private static partial Regex Named();

    [GeneratedRegex(@"(?:^\|.*\n?)+", RegexOptions.Multiline)]
    private static partial Regex TableLines();
}
