namespace SamSharp.Samples.T5.Data;

/// <summary>Tab-separated values as in GLUE: each line is a row, and quotes have no meaning.</summary>
internal static class TsvFile
{
    /// <param name="path">The file.</param>
    /// <param name="columns">Column names of a file without a header; null if the first line names them.</param>
    /// <param name="skipped">
    /// Called for a line with too few or too many fields, which is then skipped; null makes such a line an error.
    /// </param>
    public static IEnumerable<DataRow> Read(string path, IReadOnlyList<string>? columns, Action<string>? skipped = null)
    {
        using var lines = TextFile.Lines(path).GetEnumerator();
        if (columns is null)
        {
            if (!lines.MoveNext())
                throw new FormatException($"{path} is empty: its first line should name the columns.");
            columns = lines.Current.Text.Split('\t');
        }
        while (lines.MoveNext())
        {
            var (number, text) = lines.Current;
            var fields = text.Split('\t');
            if (fields.Length == columns.Count)
            {
                yield return new(path, number, columns.Zip(fields).ToDictionary(pair => pair.First, pair => pair.Second));
                continue;
            }
            var problem = $"{path}, line {number}: {fields.Length} fields, but {columns.Count} columns ({string.Join(", ", columns)}).";
            if (skipped is null)
                throw new FormatException($"{problem} One tab separates two fields; quotes have no meaning.");
            skipped(problem);
        }
    }
}
