namespace SamSharp.Samples.T5.Tasks;

/// <summary>A row of a data file: texts by column, and where it stands for messages.</summary>
internal sealed class DataRow(string path, int line, IReadOnlyDictionary<string, string> columns)
{
    public string this[string column] => columns.TryGetValue(column, out var text)
        ? text
        : throw Error(column, $"the column is missing; there are {string.Join(", ", columns.Keys)}. Is this the right data set?");

    public FormatException Error(string column, string problem) => new($"{path}, line {line}, column '{column}': {problem}");
}
