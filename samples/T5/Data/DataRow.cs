using System.Text.Json;

namespace SamSharp.Samples.T5.Data;

/// <summary>A row of a data file: texts by column, and its position for error messages.</summary>
/// <param name="path">The file.</param>
/// <param name="number">Which line or row, counted from 1.</param>
/// <param name="columns">The texts; nested values, such as a list of answers, are JSON.</param>
public sealed class DataRow(string path, int number, IReadOnlyDictionary<string, string> columns)
{
    /// <summary>The text of a column; of several names separated by bars (<c>question|Question</c>), the first that exists.</summary>
    /// <exception cref="FormatException">None of them exists.</exception>
    public string this[string column] => Find(column) ??
        throw Error(column, $"the column is missing; the file has {string.Join(", ", columns.Keys)}. Is this the right data set?");

    public bool Has(string column) => Find(column) is not null;

    /// <summary>The JSON value of a column.</summary>
    public JsonElement Json(string column)
    {
        try
        {
            return JsonElement.Parse(this[column]);
        }
        catch (JsonException)
        {
            throw Error(column, $"expected a JSON value, not '{this[column]}'.");
        }
    }

    /// <summary>The whole number in a column.</summary>
    public int WholeNumber(string column) => int.TryParse(this[column], out var value)
        ? value
        : throw Error(column, $"expected a whole number, not '{this[column]}'.");

    public FormatException Error(string column, string problem) =>
        new($"{path}, {(Path.GetExtension(path) is ".parquet" or ".csv" ? "row" : "line")} {number}, column '{column}': {problem}");

    private string? Find(string column)
    {
        foreach (var name in column.Split('|'))
        {
            if (columns.TryGetValue(name, out var text))
                return text;
        }
        return null;
    }
}
