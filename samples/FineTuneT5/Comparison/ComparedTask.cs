using SamSharp.Samples.FineTuneT5.Setup;
using SamSharp.Samples.T5.Tasks;

namespace SamSharp.Samples.FineTuneT5.Comparison;

/// <summary>
/// The rows of a task, in three parts that share none: those that are trained on, those that settings are chosen by, and those that are reported.
/// The second are taken from the training rows; the third are the test rows, or the dev rows where only these have labels.
/// </summary>
public sealed record ComparedTask(
    T5Task Task, IReadOnlyList<TaskExample> Training, IReadOnlyList<TaskExample> Validation, IReadOnlyList<TaskExample> Test)
{
    // The parts are the same in every comparison.
    private const int SplitSeed = 0;

    /// <summary>At most this part of the training rows is set apart for validation.</summary>
    private const int LargestValidationPart = 4;

    /// <param name="named"><c>sst2=folder</c>, or the name of the carried task alone.</param>
    /// <param name="validationRows">How many rows to choose by.</param>
    /// <param name="testRows">How many rows to report on, at most.</param>
    public static ComparedTask Load(string named, int validationRows, int testRows)
    {
        var parts = named.Split('=', 2);
        if (parts.Length == 1 && named != CarriedData.Task)
            throw new ArgumentException($"--tasks has '{named}': give the task with the folder of its files, as sst2=data/SST-2. Only " +
                $"{CarriedData.Task} comes with the program.");
        var task = TaskCatalog.Find(parts[0]);
        var folder = parts.Length == 2 ? parts[1] : CarriedData.Folder;
        var rows = TaskRows.Load(task, folder);
        var pool = TrainingRows.Shuffle(rows.Train, SplitSeed);
        var test = TrainingRows.Shuffle(rows.Test ?? rows.Dev, SplitSeed);
        var validation = Math.Min(validationRows, pool.Length / LargestValidationPart);
        return new(task, pool[validation..], pool[..validation], test[..Math.Min(testRows, test.Length)]);
    }

    /// <summary>The rows that a trial is trained on.</summary>
    /// <exception cref="ArgumentException">There are not as many, or their labels cannot be replaced.</exception>
    public IReadOnlyList<TaskExample> TrainingRowsOf(Trial trial)
    {
        if (trial.Rows > Training.Count)
            throw new ArgumentException(
                $"--rows has {trial.Rows}, but {Task.Name} has only {Training.Count} training rows beside {Validation.Count} for validation.");
        var rows = TrainingRows.Shuffle(Training, trial.Seed)[..(trial.Rows ?? Training.Count)];
        return LabelNoise.Add(rows, trial.LabelNoise, trial.Seed);
    }
}
