namespace SamSharp.Samples.Loops;

/// <summary>A table in plain text.</summary>
internal static class Table
{
    public static void Write(TextWriter output, string[] heads, IReadOnlyList<string[]> rows)
    {
        var widths = heads.Select((head, i) => rows.Select(row => row[i].Length).Append(head.Length).Max()).ToArray();
        foreach (var row in rows.Prepend(heads))
            output.WriteLine(string.Join("  ", row.Select((cell, i) => i == 0 ? cell.PadRight(widths[i]) : cell.PadLeft(widths[i]))).TrimEnd());
    }
}
