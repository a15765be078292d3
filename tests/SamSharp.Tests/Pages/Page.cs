using System.Text.RegularExpressions;
using SamSharp.Tests.Architecture;
using IOPath = System.IO.Path;

namespace SamSharp.Tests.Pages;

/// <summary>A Markdown page of the repository.</summary>
/// <param name="Path">From the repository's top folder.</param>
/// <param name="Text">Its text.</param>
internal sealed partial record Page(string Path, string Text)
{
    /// <summary>The pages that these tests read.</summary>
    public static readonly string[] All =
    [
        "README.md", "src/SamSharp/USAGE.md", "src/SamSharp/ALGORITHMS.md", ".github/CONTRIBUTING.md",
        "samples/Encoders/README.md", "samples/FineTuneEncoder/README.md", "samples/FineTuneEncoder/RESULTS.md",
        "samples/FineTuneT5/README.md", "samples/Gallery/Pictures/README.md", "samples/FineTuneT5/RESULTS.md", "benchmarks/README.md",
        "src/SamSharp/PACKAGE.md", "src/SamSharp.Distributed/PACKAGE.md",
    ];

    public static Page Read(string path) => new(path, File.ReadAllText(IOPath.Combine(SourceTree.Top, path)));

    public string[] Lines => Text.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');

    /// <summary>The code blocks of a language, with the number of the line above each.</summary>
    public IEnumerable<(int Line, string Code)> Blocks(string language)
    {
        for (var line = 0; line < Lines.Length; line++)
        {
            if (Lines[line] != $"```{language}") continue;
            var code = Lines.Skip(line + 1).TakeWhile(text => text != "```").ToArray();
            yield return (line + 1, string.Join('\n', code) + '\n');
            line += code.Length;
        }
    }

    /// <summary>The lines outside of code blocks.</summary>
    public IEnumerable<string> Prose()
    {
        var isCode = false;
        foreach (var line in Lines)
        {
            if (line.StartsWith("```", StringComparison.Ordinal)) isCode = !isCode;
            else if (!isCode) yield return line;
        }
    }

    /// <summary>The targets of links.</summary>
    public IEnumerable<string> Links() => Prose().SelectMany(line => Link().Matches(line)).Select(match => match.Groups[1].Value);

    /// <summary>What links to a heading of this page end in, as GitHub makes it.</summary>
    public IEnumerable<string> Anchors() => Prose().Where(line => line.StartsWith('#'))
        .Select(line => NotInAnchors().Replace(line.TrimStart('#').Trim().ToLowerInvariant(), "").Replace(' ', '-'));

    /// <summary>The links that lead nowhere: a file or folder that does not exist, or a heading that its page does not have.</summary>
    public IEnumerable<string> BrokenLinks() => Links().Where(link => !link.StartsWith("https://", StringComparison.Ordinal)).Where(link =>
    {
        var (path, anchor) = link.Split('#') is [var file, var heading] ? (file, heading) : (link, null);
        var target = IOPath.Combine(IOPath.GetDirectoryName(Path)!, path);
        if (path != "" && !IOPath.Exists(IOPath.Combine(SourceTree.Top, target))) return true;
        return anchor is not null && !(path == "" ? this : Read(target)).Anchors().Contains(anchor);
    });

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NotInAnchors();
}
