using SamSharp.Tests.Support;

namespace SamSharp.Tests.Pages;

/// <summary>The C# of the pages compiles, and its whole programs run.</summary>
[Collection(GlobalRandomNumbers.Name)]
public class SnippetTests
{
    public static TheoryData<string, int> Snippets => Blocks(_ => true);

    public static TheoryData<string, int> Programs => Blocks(SnippetCompiler.IsProgram);

    [Theory]
    [MemberData(nameof(Snippets))]
    public void Every_snippet_compiles(string path, int line) => Assert.Empty(SnippetCompiler.Errors(CodeAt(path, line)));

    [Theory]
    [MemberData(nameof(Programs))]
    public void Every_program_runs(string path, int line) => SnippetCompiler.Run(CodeAt(path, line));

    /// <summary>Both kinds of snippet are refused where they are wrong.</summary>
    [Theory]
    [InlineData("var loss = optimizer.Step(() => Backward(x, y), ascend: () => Backward(x, y));", "ascend")]
    [InlineData("optimizer.Step(() => missing);", "missing")]
    [InlineData("using SamSharp;\nvar recipe = Recipe.NoSuch();", "NoSuch")]
    [InlineData("using SamSharp;\noptimizer.Restore();", "optimizer")]
    public void What_is_wrong_is_found(string code, string name) =>
        Assert.Contains(SnippetCompiler.Errors(code), error => error.Contains(name, StringComparison.Ordinal));

    private static string CodeAt(string path, int line) => Page.Read(path).Blocks("csharp").Single(block => block.Line == line).Code;

    private static TheoryData<string, int> Blocks(Func<string, bool> isWanted)
    {
        var found = new TheoryData<string, int>();
        foreach (var path in Page.All)
        {
            foreach (var (line, code) in Page.Read(path).Blocks("csharp"))
            {
                if (isWanted(code)) found.Add(path, line);
            }
        }
        return found;
    }
}
