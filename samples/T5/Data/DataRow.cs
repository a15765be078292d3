using System.Text.Json;

namespace SamSharp.Samples.T5.Data;

/// <summary>A row of a data file: texts by column, and where it stands for messages.</summary>
/// <param name="path">The file.</param>
/// <param name="number">Which line or row, counted from 1.</param>
/// <param name="columns">The texts; a nested value, such as a list of answers, is JSON.</param>
public sealed class DataRow(string path, int number, IReadOnlyDictionary<string, string> columns)
{
    /// <summary>The text of a column, or of the first there is of several names separated by bars: <c>question|Question</c>.</summary>
    /// <exception cref="FormatException">There is none of them.</exception>
    public string this[string column] => Find(column) ??
        throw Error(column, $"the column is missing; there are {string.Join(", ", columns.Keys)}. Is this the right data set?");

    public bool Has(string column) => Find(column) is not null;

    /// <summary>A column that holds a JSON value.</summary>
    public JsonElement Json(string column)
    {
        try
        {
            return JsonElement.Parse(this[column]);
        }
        catch (JsonException)
        {
            throw Error(column, $"a JSON value is expected, not '{this[column]}'.");
        }
    }

    /// <summary>A number that counts something.</summary>
    public int WholeNumber(string column) => int.TryParse(this[column], out var value)
        ? value
        : throw Error(column, $"a whole number is expected, not '{this[column]}'.");

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
