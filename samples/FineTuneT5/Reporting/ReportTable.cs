using Spectre.Console;

namespace SamSharp.Samples.FineTuneT5.Reporting;

/// <summary>A table for the console and for Markdown: columns of names, then columns of numbers.</summary>
/// <param name="Names">Number of name columns.</param>
/// <param name="Caption">Explains the numbers.</param>
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

    // Repeated names are blank.
    private static bool Repeats(string[]? above, string[] row, int column) =>
        above is not null && row.Take(column + 1).SequenceEqual(above.Take(column + 1));

    private static string Line(IReadOnlyList<string> cells) => $"| {string.Join(" | ", cells)} |";
}
