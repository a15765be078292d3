using SamSharp.Samples.T5.Files;
using Sylvan.Data.Csv;

namespace SamSharp.Samples.T5.Data;

/// <summary>Comma-separated values (RFC 4180): a quoted field may contain commas, line breaks and doubled quotes.</summary>
internal static class CsvFile
{
    /// <param name="path">The file.</param>
    /// <param name="columns">The columns of a file without a header; null where the first row names them.</param>
    /// <param name="notice">Told what is odd about the text.</param>
    public static IEnumerable<DataRow> Read(string path, IReadOnlyList<string>? columns, Action<string>? notice = null)
    {
        using var rows = Rows(path, notice).GetEnumerator();
        var place = new FilePlace(path);
        if (columns is null)
        {
            if (!rows.MoveNext())
                throw new FormatException($"{path} is empty: its first row should name the columns.");
            columns = rows.Current.Fields;
            place = place with { Where = $"row {rows.Current.Number}" };
        }
        var header = new TableHeader(columns, place);
        while (rows.MoveNext())
        {
            var (number, fields) = rows.Current;
            place = place with { Where = $"row {number}" };
            if (fields.Length != header.Count)
            {
                throw new FormatException(
                    $"{header.Misfit(place, fields.Length)} Quote a field that contains a comma, and double a quote inside it.");
            }
            yield return new(path, place.Where, header.Cells(fields));
        }
    }

    private static IEnumerable<(int Number, string[] Fields)> Rows(string path, Action<string>? notice)
    {
        using var text = TextFile.Open(path, notice);
        using var reader = CsvDataReader.Create(text,
            new CsvDataReaderOptions { HasHeaders = false, Delimiter = ',', Comment = '\0', MaxBufferSize = LineReader.LongestRow });
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
        catch (CsvRecordTooLargeException error)
        {
            throw new FilePlace(path, $"row {error.RowNumber}")
                .Data($"it is longer than {LineReader.LongestRow >> 20} million characters. Is a quote left open before it?", error);
        }
        catch (CsvFormatException error)
        {
            throw new FilePlace(path, $"row {error.RowNumber}")
                .Data("misplaced quote. Double a quote inside a quoted field.", error);
        }
    }
}
