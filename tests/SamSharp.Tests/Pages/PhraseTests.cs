using System.Text.RegularExpressions;
using SamSharp.Tests.Architecture;

namespace SamSharp.Tests.Pages;

/// <summary>Code and pages avoid phrases that an American engineer would not write.</summary>
public partial class PhraseTests
{
    [Fact]
    public void Code_and_pages_have_no_unidiomatic_phrase()
    {
        var files = new[] { "src", "samples", "tests", "benchmarks", ".github" }
            .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(SourceTree.Top, folder), "*", SearchOption.AllDirectories))
            .Append(Path.Combine(SourceTree.Top, "README.md"))
            .Where(path => Path.GetExtension(path) is ".cs" or ".md" or ".sh" or ".py" or ".targets")
            .Where(path => !Built().IsMatch(path)).ToArray();
        Assert.InRange(files.Length, 500, 5000);
        Assert.Empty(files.SelectMany(path => Found(File.ReadAllText(path)).Select(phrase => $"{path}: {phrase}")));
    }

    [Fact]
    public void Such_phrases_are_found() =>
        Assert.Equal(4, Found(string.Join(" It ", "belongs" + " into", "cannot be" + " had", "an" + "ew", "for" + " ever")).Count());

    private static IEnumerable<string> Found(string text) => Phrase().Matches(text).Select(match => match.Value);

    [GeneratedRegex(@"\bbelongs? +into\b|\bbe had\b|\banew\b|\bfor +ever\b|\bof one's +own\b|\bas its authors +have it\b", RegexOptions.IgnoreCase)]
    private static partial Regex Phrase();

    [GeneratedRegex(@"[/\\](bin|obj|runs)[/\\]")]
    private static partial Regex Built();
}
