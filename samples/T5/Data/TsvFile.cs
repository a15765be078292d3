using SamSharp.Samples.T5.Files;

namespace SamSharp.Samples.T5.Data;

/// <summary>Tab-separated values as in GLUE: each line is a row, and quotes have no meaning.</summary>
internal static class TsvFile
{
    /// <param name="path">The file.</param>
    /// <param name="columns">The columns of a file without a header; null where the first line names them.</param>
    /// <param name="notice">Told what is odd about the text.</param>
    /// <param name="skipped">
    /// Told of a line that does not have as many fields as there are columns, which is then left out; null: such a line is an error.
    /// </param>
    public static IEnumerable<DataRow> Read(
        string path, IReadOnlyList<string>? columns, Action<string>? notice = null, Action<string>? skipped = null)
    {
        using var lines = TextFile.Lines(path, notice).GetEnumerator();
        var place = new FilePlace(path);
        if (columns is null)
        {
            if (!lines.MoveNext())
                throw new FormatException($"{path} is empty: its first line should name the columns.");
            columns = lines.Current.Text.Split('\t');
            place = place with { Where = $"line {lines.Current.Number}" };
        }
        var header = new TableHeader(columns, place);
        while (lines.MoveNext())
        {
            var (number, text) = lines.Current;
            var fields = text.Split('\t');
            place = place with { Where = $"line {number}" };
            if (fields.Length == header.Count)
            {
                yield return new(path, place.Where, header.Cells(fields));
                continue;
            }
            var problem = header.Misfit(place, fields.Length);
            if (skipped is null)
                throw new FormatException($"{problem} One tab separates two fields; quotes have no meaning.");
            skipped(problem);
        }
    }
}
