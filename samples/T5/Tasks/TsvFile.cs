namespace SamSharp.Samples.T5.Tasks;

/// <summary>GLUE's form of tab-separated values: a line is a row, and nothing is quoted.</summary>
internal static class TsvFile
{
    /// <param name="path">The file; a byte order mark is skipped.</param>
    /// <param name="columns">The columns of a file without a header; null where the first line names them.</param>
    public static IEnumerable<DataRow> Read(string path, IReadOnlyList<string>? columns)
    {
        using var lines = Lines(path).GetEnumerator();
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
            if (fields.Length != columns.Count)
            {
                throw new FormatException(
                    $"{path}, line {number}: {fields.Length} fields, but there are {columns.Count} columns " +
                    $"({string.Join(", ", columns)}). Fields are separated by one tab each; quotes have no meaning.");
            }
            yield return new(path, number, columns.Zip(fields).ToDictionary(pair => pair.First, pair => pair.Second));
        }
    }

    private static IEnumerable<(int Number, string Text)> Lines(string path)
    {
        var number = 0;
        foreach (var line in File.ReadLines(path))
        {
            number++;
            if (line.Length > 0)
                yield return (number, line);
        }
    }
}
