using System.Globalization;
using System.Text.RegularExpressions;
using SamSharp.Tests.Architecture;

namespace SamSharp.Tests.Pages;

/// <summary>The papers whose methods this library answers to, and the rows of the page of algorithms that speak of each.</summary>
internal static partial class Literature
{
    private static readonly string[][] Papers =
        [.. File.ReadLines(Path.Combine(SourceTree.Top, "tests/SamSharp.Tests/Pages/LiteratureRows.txt")).Where(line => line[0] != '#')
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries))];

    /// <summary>The numbers of the papers, in order.</summary>
    public static IEnumerable<int> Numbers =>
        Papers.Where(paper => paper[0] != "+").Select(paper => int.Parse(paper[0], CultureInfo.InvariantCulture));

    /// <summary>The titles of all rows that are named, each once.</summary>
    public static IEnumerable<string> Methods =>
        Papers.SelectMany(paper => paper[2].Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)).Distinct();

    /// <summary>What a row is called: the text of its link, or what stands before a comma or the authors.</summary>
    public static string TitleOf(string row)
    {
        var cell = row.Split('|')[1].Trim();
        return Link().Match(cell) is { Success: true } link ? link.Groups[1].Value : Plain().Match(cell).Value;
    }

    [GeneratedRegex(@"^\[([^\]]+)\]")]
    private static partial Regex Link();

    [GeneratedRegex(@"^[^,(]*[^,( ]")]
    private static partial Regex Plain();
}
