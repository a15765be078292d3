using SamSharp.Tests.Support;

namespace SamSharp.Tests.Pages;

/// <summary>All C# of the pages compiles and runs: whole programs by themselves, other snippets on stand-ins.</summary>
[Collection(GlobalRandomNumbers.Name)]
public class SnippetTests
{
    public static TheoryData<string, int> Snippets
    {
        get
        {
            var found = new TheoryData<string, int>();
            foreach (var path in Page.All)
            {
                foreach (var (line, _) in Page.Read(path).Blocks("csharp")) found.Add(path, line);
            }
            return found;
        }
    }

    /// <summary>No block is overlooked because its language is written otherwise.</summary>
    [Fact]
    public void Every_block_of_the_main_pages_is_found()
    {
        foreach (var path in new[] { "README.md", "src/SamSharp/USAGE.md", "src/SamSharp/ALGORITHMS.md", "src/SamSharp/PACKAGE.md" })
        {
            var page = Page.Read(path);
            var fences = page.Lines.Where(line => line.TrimStart().StartsWith("```", StringComparison.Ordinal));
            var languages = fences.Where((_, i) => i % 2 == 0).ToArray();
            Assert.All(languages, line => Assert.Contains(line, new[] { "```csharp", "```fsharp", "```shell", "```xml" }));
            Assert.Equal(languages.Count(line => line == "```csharp"), page.Blocks("csharp").Count());
        }
        Assert.InRange(Page.Read("src/SamSharp/USAGE.md").Blocks("csharp").Count(), 30, 300);
    }

    [Theory]
    [MemberData(nameof(Snippets))]
    public void Every_snippet_compiles(string path, int line) => Assert.Empty(SnippetCompiler.Errors(CodeAt(path, line)));

    [Theory]
    [MemberData(nameof(Snippets))]
    public void Every_snippet_runs(string path, int line) => SnippetCompiler.Run(CodeAt(path, line));

    /// <summary>Both kinds of snippet are refused where they are wrong.</summary>
    [Theory]
    [InlineData("var loss = optimizer.Step(() => Backward(x, y), ascend: () => Backward(x, y));", "ascend")]
    [InlineData("optimizer.Step(() => missing);", "missing")]
    [InlineData("using SamSharp;\nvar recipe = Recipe.NoSuch();", "NoSuch")]
    [InlineData("using SamSharp;\noptimizer.Restore();", "optimizer")]
    public void What_is_wrong_is_found(string code, string name) =>
        Assert.Contains(SnippetCompiler.Errors(code), error => error.Contains(name, StringComparison.Ordinal));

    /// <summary>A snippet that compiles and does not run fails its test.</summary>
    [Fact]
    public void What_throws_is_found() =>
        Assert.Throws<InvalidOperationException>(() => SnippetCompiler.Run("optimizer.Descend();"));

    private static string CodeAt(string path, int line) => Page.Read(path).Blocks("csharp").Single(block => block.Line == line).Code;
}
