namespace SamSharp;

/// <summary>A table for people to read.</summary>
internal static class TextTable
{
    /// <summary>One line for each row, in columns.</summary>
    /// <param name="rows">The rows, all of one length; the first is the head.</param>
    /// <param name="words">Columns of words, which begin at the left; the others end at the right.</param>
    public static IEnumerable<string> Lines(IReadOnlyList<string[]> rows, params int[] words)
    {
        var widths = rows[0].Select((_, column) => rows.Max(row => row[column].Length)).ToArray();
        return rows.Select(row => string.Join("  ", row.Select((cell, column) =>
            words.Contains(column) ? cell.PadRight(widths[column]) : cell.PadLeft(widths[column]))).TrimEnd());
    }
}
