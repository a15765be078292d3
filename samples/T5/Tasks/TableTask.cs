using SamSharp.Samples.T5.Data;

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
        var label = row[LabelColumn];
        return ToTarget(label.Trim(), problem => row.Error(LabelColumn, $"{problem} The value is '{label}'."));
    }

    /// <summary>The target text for a label in the file.</summary>
    /// <param name="label">The label.</param>
    /// <param name="refusal">Creates the exception for an invalid label.</param>
    protected abstract string ToTarget(string label, Func<string, FormatException> refusal);
}
