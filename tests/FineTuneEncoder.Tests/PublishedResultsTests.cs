using System.Text.RegularExpressions;
using SamSharp.Samples.FineTuneT5.Comparison;

namespace SamSharp.Samples.FineTuneEncoder.Tests;

/// <summary>What RESULTS.md says follows from the runs that are published beside it.</summary>
public partial class PublishedResultsTests
{
    private static readonly string Folder = Repository.Find("samples/FineTuneEncoder");

    /// <summary>The lines of the summary: the cells between its bars, without the headers. A cell that repeats the one above is empty.</summary>
    private static List<string[]> SummaryLines =>
        [.. File.ReadLines(Path.Combine(Folder, "Artifacts/results/summary.txt")).Where(line => line.StartsWith('│'))
            .Select(line => line.Trim('│').Split('│', StringSplitOptions.TrimEntries))
            .Where(cells => cells[0] is not ("comparison" or "algorithm"))];

    [Fact]
    public void The_summary_is_that_of_the_published_runs()
    {
        var lines = SummaryLines;
        string[] comparisons =
            [.. lines.Select(cells => cells[0]).Where(cell => cell != "" && Directory.Exists(Results(cell))).Distinct()];
        var published = Directory.GetDirectories(Results("")).Select(Path.GetFileName).Where(name => name != "demonstration");
        Assert.Equal(published.Order(), comparisons.Order());
        var expected = EvidenceSummary.Read([.. comparisons.Select(Results)]).Tables.SelectMany(table => table.Rows).ToList();
        Assert.Equal(expected.Count, lines.Count);
        Assert.All(expected.Zip(lines), pair => Assert.All(pair.First.Zip(pair.Second), cell => Assert.True(
            cell.Second == "" || cell.First == cell.Second,
            $"{string.Join(", ", pair.First)} is published as {string.Join(", ", pair.Second)}")));
    }

    [Fact]
    public void Every_interval_of_the_page_is_in_a_report_or_the_summary()
    {
        var sources = string.Join('\n', Directory.GetFiles(Results(""), "report.md", SearchOption.AllDirectories)
            .Append(Path.Combine(Folder, "Artifacts/results/summary.txt")).Select(File.ReadAllText));
        var page = File.ReadAllText(Path.Combine(Folder, "RESULTS.md")) + File.ReadAllText(Repository.Find("README.md"));
        string[] intervals = [.. Interval().Matches(page).Select(match => match.Value).Distinct()];
        Assert.InRange(intervals.Length, 100, 1000);
        Assert.DoesNotContain(intervals, interval => !Regex.IsMatch(sources, $@"(?<![\d.]){Regex.Escape(interval)}(?!\d)"));
    }

    private static string Results(string comparison) => Path.Combine(Folder, "Artifacts/results", comparison);

    [GeneratedRegex(@"\d+\.\d+ ± \d+\.\d+")]
    private static partial Regex Interval();
}
