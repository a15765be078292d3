namespace SamSharp.Samples.Loops.Tests;

[TensorScope]
public class LoopTests
{
    public static TheoryData<string> Verbs => [.. Loop.All.Keys];

    [Theory]
    [MemberData(nameof(Verbs))]
    public void Every_verb_prints_a_table_and_a_sentence(string verb)
    {
        using var output = new StringWriter();
        Loop.All[verb].Run(output);
        var lines = output.ToString().TrimEnd().ReplaceLineEndings("\n").Split('\n');
        Assert.InRange(lines.Length, 4, 12);
        Assert.All(lines[..^1], line => Assert.Contains("  ", line, StringComparison.Ordinal));
        Assert.EndsWith(".", lines[^1], StringComparison.Ordinal);
        Assert.DoesNotContain("NaN", output.ToString(), StringComparison.Ordinal);
    }
}
