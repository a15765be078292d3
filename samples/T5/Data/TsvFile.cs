namespace SamSharp.Samples.T5.Data;

/// <summary>GLUE's form of tab-separated values: a line is a row, and nothing is quoted.</summary>
internal static class TsvFile
{
    /// <param name="path">The file.</param>
    /// <param name="columns">The columns of a file without a header; null where the first line names them.</param>
    /// <param name="skipped">
    /// Told of a line that has not as many fields as there are columns, which is then left out; null: such a line is an error.
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
            var problem = $"{path}, line {number}: {fields.Length} fields, but there are {columns.Count} columns ({string.Join(", ", columns)}).";
            if (skipped is null)
                throw new FormatException($"{problem} Fields are separated by one tab each; quotes have no meaning.");
            skipped(problem);
        }
    }
}
