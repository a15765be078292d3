using SamSharp.Samples.T5.Data;
using SamSharp.Samples.T5.Files;

namespace SamSharp.Samples.T5.Tasks;

/// <summary>A task whose examples are the rows of a table: GLUE, most of SuperGLUE, and your own files.</summary>
/// <param name="name">The task's name.</param>
/// <param name="prompt">The input, with columns in braces; <c>{a|b}</c> is whichever of the two columns exists.</param>
public abstract class TableTask(string name, string prompt) : FileTask(name)
{
    private readonly PromptTemplate _prompt = new(prompt);

    /// <summary>The column that becomes the target; several names separated by bars are alternatives.</summary>
    public string LabelColumn { get; init; } = "label";

    /// <summary>Applied to each column's text; default: nothing.</summary>
    public Func<string, string> Clean { get; init; } = text => text;

    /// <summary>Whether to leave out rows without any text.</summary>
    public bool SkipsEmpty { get; init; }

    /// <inheritdoc/>
    protected override IEnumerable<TaskExample> Form(DataRow row, Split split)
    {
        if (SkipsEmpty && _prompt.IsEmpty(row))
            return [];
        return [new TaskExample(_prompt.Fill(row, Clean), Target(row)) { Texts = _prompt.Texts(row, Clean) }];
    }

    private string Target(DataRow row)
    {
        var label = row.Has(LabelColumn) ? row.Text(LabelColumn) : row[LabelColumn];
        return ToTarget(row.Has(LabelColumn) ? label.Trim() : null,
            problem => row.Error(LabelColumn, $"{problem} The value is '{FilePlace.Excerpt(label)}'."));
    }

    /// <summary>The text for a label as the file writes it.</summary>
    /// <param name="label">The label; null where the file has a null.</param>
    /// <param name="refusal">Makes the exception for a label that has none.</param>
    protected abstract string ToTarget(string? label, Func<string, FormatException> refusal);
}
