using SamSharp.Samples.T5.Files;

namespace SamSharp.Samples.T5.Data;

/// <summary>The columns of a table, by which all its rows are read.</summary>
internal sealed class TableHeader
{
    private readonly IReadOnlyList<string> _columns;

    /// <param name="columns">Their names, in order.</param>
    /// <param name="place">Where they stand.</param>
    /// <exception cref="FormatException">A name comes twice.</exception>
    public TableHeader(IReadOnlyList<string> columns, FilePlace place)
    {
        _columns = columns;
        var twice = columns.GroupBy(name => name).FirstOrDefault(group => group.Count() > 1)?.Key;
        if (twice is not null)
        {
            throw (place with { Key = $"column '{FilePlace.Excerpt(twice)}'" })
                .Data("the name comes twice. Name every column once; pandas leaves its index out with index=False.");
        }
        if (columns.FirstOrDefault(name => name.Contains('\r', StringComparison.Ordinal)) is not null)
            throw place.Data("a carriage return is inside the line. Save the file with one kind of line ends.");
    }

    public int Count => _columns.Count;

    /// <summary>The values of a row by column.</summary>
    public Dictionary<string, Cell> Cells(IReadOnlyList<string> fields)
    {
        var cells = new Dictionary<string, Cell>(_columns.Count);
        for (var i = 0; i < _columns.Count; i++)
            cells.Add(_columns[i], new(fields[i]));
        return cells;
    }

    /// <summary>Says that a row has not as many fields as there are columns.</summary>
    public string Misfit(FilePlace place, int fields) =>
        $"{place}: {fields} fields, but {Count} columns ({FilePlace.Excerpt(_columns, 12)}).";
}
