using SamSharp.Samples.T5.Data;
using SamSharp.Samples.T5.Tasks;

namespace SamSharp.Samples.FineTuneT5.Setup;

/// <summary>The rows of one task of a request.</summary>
/// <param name="Test">Held-out rows that influence no choice; null if only the dev rows have labels.</param>
public sealed record TaskRows(T5Task Task, IReadOnlyList<TaskExample> Train, IReadOnlyList<TaskExample> Dev, IReadOnlyList<TaskExample>? Test)
{
    public static TaskRows Load(T5Task task, string folder)
    {
        IReadOnlyList<TaskExample> Rows(Split split) => task.Load(folder, split, notice => Console.Error.WriteLine($"{ProgramName.Text}: {notice}"));
        return new(task, Rows(Split.Train), Rows(Split.Validation), task.HasTest(folder) ? Rows(Split.Test) : null);
    }
}
