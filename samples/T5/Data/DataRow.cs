using System.Globalization;
using System.Text.Json;
using SamSharp.Samples.T5.Files;

namespace SamSharp.Samples.T5.Data;

/// <summary>A row of a data file: values by column, and where it stands for messages.</summary>
public sealed class DataRow
{
    private readonly string _path;
    private readonly string _where;
    private readonly IReadOnlyDictionary<string, Cell> _cells;

    /// <param name="path">The file.</param>
    /// <param name="number">Which line or row, counted from 1.</param>
    /// <param name="columns">The texts.</param>
    public DataRow(string path, int number, IReadOnlyDictionary<string, string> columns)
        : this(path, PlaceOf(path, number), columns.ToDictionary(column => column.Key, column => new Cell(column.Value)))
    {
    }

    internal DataRow(string path, string where, IReadOnlyDictionary<string, Cell> cells) => (_path, _where, _cells) = (path, where, cells);

    /// <summary>
    /// What a column, or the first there is of several names separated by bars (<c>question|Question</c>), holds: its text, or the JSON of another
    /// value.
    /// </summary>
    /// <exception cref="FormatException">There is none of them.</exception>
    public string this[string column] => Find(column) switch
    {
        { Text: { } text } => text,
        { Nested: { } nested } => nested.GetRawText(),
        _ => "null",
    };

    /// <summary>Whether there is such a column, and not null.</summary>
    public bool Has(string column) => Column(column) is { IsNull: false };

    /// <summary>A column that holds a text, a number, true or false.</summary>
    /// <exception cref="FormatException">It is missing or null, or holds a list or an object.</exception>
    public string Text(string column) => Find(column) switch
    {
        { Text: { } text } => text,
        { Nested: { } nested } => throw Error(column, $"expected a text, not {FilePlace.Excerpt(nested.GetRawText())}."),
        _ => throw Error(column, "the value is null. Give it a text, or remove the row."),
    };

    /// <summary>A column that holds a JSON value.</summary>
    public JsonField Json(string column)
    {
        var cell = Find(column);
        if (cell.IsNull)
            throw Error(column, "the value is null.");
        try
        {
            return new(cell.Nested ?? JsonText.Parse(cell.Text!), "", (key, problem) => Error(column, JsonText.Said(key, problem)));
        }
        catch (JsonException)
        {
            throw Error(column, $"expected a JSON value, not '{FilePlace.Excerpt(cell.Text)}'.");
        }
    }

    /// <summary>A number that counts something.</summary>
    public int WholeNumber(string column) =>
        int.TryParse(Text(column), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw Error(column, $"expected a whole number, not '{FilePlace.Excerpt(this[column])}'.");

    public FormatException Error(string column, string problem) => new FilePlace(_path, _where, $"column '{column}'").Data(problem);

    /// <summary>Rows are counted in files whose rows may hold line breaks, or that have no lines.</summary>
    internal static string PlaceOf(string path, int number) =>
        $"{(Path.GetExtension(path) is ".parquet" or ".csv" ? "row" : "line")} {number}";

    private Cell Find(string column) => Column(column) ??
        throw Error(column, $"the column is missing; the file has {FilePlace.Excerpt(_cells.Keys, 12)}. Is this the right data set?");

    private Cell? Column(string column)
    {
        Cell? found = null;
        foreach (var name in column.Split('|'))
        {
            if (_cells.TryGetValue(name, out var cell) && found is not { IsNull: false })
                found = cell;
        }
        return found;
    }
}
