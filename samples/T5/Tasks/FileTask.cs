using SamSharp.Samples.T5.Data;
using SamSharp.Samples.T5.Files;

namespace SamSharp.Samples.T5.Tasks;

/// <summary>A task whose examples come from the rows of files.</summary>
/// <param name="name">The task's name.</param>
public abstract class FileTask(string name) : T5Task(name)
{
    /// <summary>The files.</summary>
    public DataFiles Files { get; init; } = new();

    /// <summary>Whether the test files have labels.</summary>
    public bool LabelledTest { get; init; }

    /// <summary>How to set validation rows apart; null if the data set has them.</summary>
    public HoldOut? HoldOut { get; init; }

    /// <summary>Whether to leave out repeated and contradictory texts, and training texts that are also test rows.</summary>
    public bool Distinct { get; init; }

    /// <inheritdoc/>
    public override string FilesDescription => Files.Description;

    /// <inheritdoc/>
    public override bool HasTest(string folder) =>
        (LabelledTest && Files.Find(folder, Split.Test) is not null) || (HoldOut is { WithTest: true } && Files.Find(folder, Split.Test) is null);

    /// <inheritdoc/>
    public override IReadOnlyList<TaskExample> Load(string folder, Split split, Action<string>? notice = null)
    {
        var found = Files.Find(folder, split, notice);
        if (HoldOut is null || (found is not null && split != Split.Train))
            return Examples(folder, split, found, notice);
        if (split != Split.Test && Files.Find(folder, Split.Validation) is not null)
            return Examples(folder, split, found, notice);
        if (split == Split.Test && !HoldOut.WithTest)
            throw Files.Missing(folder, split);
        var pool = split == Split.Train ? found : Files.Find(folder, Split.Train);
        return HoldOut.Part(Examples(folder, Split.Train, pool, split == Split.Train ? notice : null), split);
    }

    /// <summary>The examples of a row in a split: none, one or several.</summary>
    protected abstract IEnumerable<TaskExample> Form(DataRow row, Split split);

    private IReadOnlyList<TaskExample> Examples(string folder, Split split, IReadOnlyList<string>? paths, Action<string>? notice)
    {
        if (paths is null)
            throw Files.Missing(folder, split);
        var skipped = 0;
        var (examples, reason) = (new List<TaskExample>(), "");
        foreach (var path in paths)
        {
            Collect(path, split, examples, problem => (skipped, reason) = (skipped + 1, reason.Length > 0 ? reason : problem), notice);
        }
        if (skipped > 0)
            notice?.Invoke($"Left out malformed lines: {skipped}. The first: {reason}");
        if (examples.Count == 0)
            throw new FormatException($"{string.Join(", ", paths)} is empty: there are no rows for the task '{Name}'.");
        return Distinct ? DistinctExamples.Of(examples, TestInputs(folder, split), text => notice?.Invoke($"{Name}: {text}")) : examples;
    }

    private void Collect(string path, Split split, List<TaskExample> examples, Action<string> skipped, Action<string>? notice)
    {
        try
        {
            foreach (var row in Files.Read(path, skipped, notice))
                examples.AddRange(Form(row, split));
        }
        // What the readers do not foresee says nothing of the file.
        catch (Exception error) when (FilePlace.IsForeign(error))
        {
            throw new FilePlace(path, $"after {examples.Count} examples").Data(
                $"{FilePlace.Unforeseen}: {error.GetType().Name}, {FilePlace.Excerpt(error.Message)}", error);
        }
    }

    private HashSet<string> TestInputs(string folder, Split split) =>
        split == Split.Train && LabelledTest && Files.Find(folder, Split.Test) is { } test
            ? [.. Examples(folder, Split.Test, test, null).Select(example => example.Input)]
            : [];
}
