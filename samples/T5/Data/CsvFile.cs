using Sylvan.Data.Csv;

namespace SamSharp.Samples.T5.Data;

/// <summary>Comma-separated values (RFC 4180): a quoted field may contain commas, line breaks and doubled quotes.</summary>
internal static class CsvFile
{
    private const int LongestRow = 1 << 24;

    /// <param name="path">The file.</param>
    /// <param name="columns">Column names of a file without a header; null if the first row names them.</param>
    public static IEnumerable<DataRow> Read(string path, IReadOnlyList<string>? columns)
    {
        using var rows = Rows(path).GetEnumerator();
        if (columns is null)
        {
            if (!rows.MoveNext())
                throw new FormatException($"{path} is empty: its first row should name the columns.");
            columns = rows.Current.Fields;
        }
        while (rows.MoveNext())
        {
            var (number, fields) = rows.Current;
            if (fields.Length != columns.Count)
            {
                throw new FormatException(
                    $"{path}, row {number}: {fields.Length} fields, but {columns.Count} columns ({string.Join(", ", columns)}). " +
                    "Quote a field that contains a comma, and double a quote inside it.");
            }
            yield return new(path, number, columns.Zip(fields).ToDictionary(pair => pair.First, pair => pair.Second));
        }
    }

    private static IEnumerable<(int Number, string[] Fields)> Rows(string path)
    {
        using var text = new StringReader(TextFile.ReadAll(path));
        using var reader = CsvDataReader.Create(text,
            new CsvDataReaderOptions { HasHeaders = false, Delimiter = ',', Comment = '\0', MaxBufferSize = LongestRow });
        while (Next(reader, path))
        {
            string[] fields = [.. Enumerable.Range(0, reader.RowFieldCount).Select(reader.GetString)];
            if (fields is not [""])
                yield return (reader.RowNumber, fields);
        }
    }

    private static bool Next(CsvDataReader reader, string path)
    {
        try
        {
            return reader.Read();
        }
        catch (CsvFormatException error)
        {
            throw new FormatException($"{path}, row {error.RowNumber}: misplaced quote. Double a quote inside a quoted field.", error);
        }
    }
}
