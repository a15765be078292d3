using SamSharp.Samples.FineTuneT5.Setup;
using SamSharp.Samples.T5.Tasks;

namespace SamSharp.Samples.FineTuneT5.Comparison;

/// <summary>
/// The rows of a task in three disjoint parts: training rows, validation rows to choose settings, and test rows to report.
/// Validation rows come from the training rows; test rows are the task's, or its dev rows if only those have labels.
/// </summary>
public sealed record ComparedTask(
    T5Task Task, IReadOnlyList<TaskExample> Training, IReadOnlyList<TaskExample> Validation, IReadOnlyList<TaskExample> Test)
{
    // A fixed seed: the parts are the same in every comparison.
    private const int SplitSeed = 0;

    /// <summary>At most this share of the training rows becomes validation rows.</summary>
    private const int LargestValidationPart = 4;

    /// <param name="named"><c>sst2=folder</c>, or only the name of the bundled task.</param>
    /// <param name="validationRows">Number of validation rows.</param>
    /// <param name="testRows">Maximum number of test rows.</param>
    public static ComparedTask Load(string named, int validationRows, int testRows)
    {
        var parts = named.Split('=', 2);
        if (parts.Length == 1 && named != BundledData.Task)
            throw new ArgumentException($"--tasks has '{named}': give the task with the folder of its files, such as sst2=data/SST-2. Only " +
                $"{BundledData.Task} is bundled.");
        var task = TaskCatalog.Find(parts[0]);
        var folder = parts.Length == 2 ? parts[1] : BundledData.Folder;
        var rows = TaskRows.Load(task, folder);
        var pool = TrainingRows.Shuffle(rows.Train, SplitSeed);
        var test = TrainingRows.Shuffle(rows.Test ?? rows.Dev, SplitSeed);
        var validation = Math.Min(validationRows, pool.Length / LargestValidationPart);
        return new(task, pool[validation..], pool[..validation], test[..Math.Min(testRows, test.Length)]);
    }

    /// <summary>Another task's test rows, for models of this one.</summary>
    /// <exception cref="ArgumentException">The rows have a label that this task does not have.</exception>
    public IReadOnlyList<TaskExample> TestRowsOf(ComparedTask other)
    {
        var labels = Training.Select(row => row.Target).ToHashSet();
        return other.Test.FirstOrDefault(row => !labels.Contains(row.Target)) is { } unknown
            ? throw new ArgumentException($"--transfer has {Task.Name}:{other.Task.Name}, but {Task.Name} has no label '{unknown.Target}'.")
            : other.Test;
    }

    /// <summary>The training rows of a trial.</summary>
    /// <exception cref="ArgumentException">There are too few rows, or their labels cannot be replaced.</exception>
    public IReadOnlyList<TaskExample> TrainingRowsOf(Trial trial)
        => LabelNoise.Add(trial.Rows.Draw(Training, trial.Seed, Task.Name), trial.LabelNoise, trial.Seed);
}
