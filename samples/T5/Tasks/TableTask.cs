namespace SamSharp.Samples.T5.Tasks;

/// <summary>A task whose examples are the rows of a table: GLUE, most of SuperGLUE, and files of one's own.</summary>
/// <param name="name">The task's name.</param>
/// <param name="prompt">The input, with columns in braces.</param>
public abstract class TableTask(string name, string prompt) : T5Task(name)
{
    private readonly PromptTemplate _prompt = new(prompt);

    /// <summary>The usual paths of the data set's folder.</summary>
    public IReadOnlyList<string> FolderNames { get; init; } = [];

    /// <summary>The column that becomes the target.</summary>
    public string LabelColumn { get; init; } = "label";

    /// <summary>The columns of its tab-separated files, where these have no header line.</summary>
    public IReadOnlyList<string>? Columns { get; init; }

    /// <inheritdoc/>
    public override IReadOnlyList<TaskExample> Load(string folder, Split split, Action<string>? notice = null)
    {
        var path = DataFile.Find(folder, FolderNames, split, notice);
        var rows = path.EndsWith(".tsv", StringComparison.Ordinal) ? TsvFile.Read(path, Columns) : JsonLinesFile.Read(path);
        List<TaskExample> examples = [.. rows.Select(row => new TaskExample(_prompt.Fill(row), Target(row)))];
        return examples.Count > 0 ? examples : throw new FormatException($"{path} is empty: it holds no rows for the task '{Name}'.");
    }

    private string Target(DataRow row)
    {
        var label = row[LabelColumn];
        return ToTarget(label.Trim(), problem => row.Error(LabelColumn, $"{problem} The value is '{label}'."));
    }

    /// <summary>The text for a label as the file writes it.</summary>
    /// <param name="label">The label.</param>
    /// <param name="refusal">Makes the exception for a label that has none.</param>
    protected abstract string ToTarget(string label, Func<string, FormatException> refusal);
}
