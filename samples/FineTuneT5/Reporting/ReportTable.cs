using Spectre.Console;

namespace SamSharp.Samples.FineTuneT5.Reporting;

/// <summary>A table for the console and for Markdown. The first columns hold names, the others numbers.</summary>
/// <param name="Names">How many columns hold names.</param>
/// <param name="Caption">What the numbers are.</param>
public sealed record ReportTable(string Title, int Names, IReadOnlyList<string> Header, IReadOnlyList<string[]> Rows, string Caption)
{
    public Table ToConsole()
    {
        var table = new Table().Border(TableBorder.Rounded).Title(Title).Caption(Caption);
        foreach (var (i, title) in Header.Index())
            table.AddColumn(i < Names ? new TableColumn(title).NoWrap() : new TableColumn(title).RightAligned().NoWrap());
        string[]? above = null;
        foreach (var row in Rows)
        {
            table.AddRow([.. row.Select((cell, i) => Markup.Escape(i < Names && Repeats(above, row, i) ? "" : cell))]);
            above = row;
        }
        return table;
    }

    public string ToMarkdown() => string.Join('\n', [
        $"### {Title}", "", Caption + ".", "",
        Line(Header), Line([.. Header.Select((_, i) => i < Names ? "---" : "---:")]), .. Rows.Select(Line), ""]);

    // A name is said once for the rows it holds for.
    private static bool Repeats(string[]? above, string[] row, int column) =>
        above is not null && row.Take(column + 1).SequenceEqual(above.Take(column + 1));

    private static string Line(IReadOnlyList<string> cells) => $"| {string.Join(" | ", cells)} |";
}
