using SamSharp.Samples.FineTuneT5.CommandLine;
using SamSharp.Samples.T5.Tasks;
using SamSharp.Samples.T5.Training;

namespace SamSharp.Samples.FineTuneT5.Jobs;

/// <summary>Chooses the rows to train on when the request asks for fewer than there are.</summary>
public static class TrainingRows
{
    /// <summary>How many rows the request asks for, of so many that there are.</summary>
    /// <exception cref="ArgumentException">There are not as many.</exception>
    public static int Count(int available, FineTuneRequest request)
    {
        var count = request.TrainFraction is { } fraction
            ? Math.Max(1, (int)Math.Round(available * fraction))
            : request.TrainRows ?? available;
        return count <= available
            ? count
            : throw new ArgumentException($"--train-rows is {count}, but there are only {available} training rows.");
    }

    /// <summary>The first rows of a shuffle that depends on the seed alone, so that more rows are a superset of fewer.</summary>
    public static IReadOnlyList<TaskExample> Choose(IReadOnlyList<TaskExample> rows, FineTuneRequest request, int seed)
    {
        var count = Count(rows.Count, request);
        return count == rows.Count ? rows : Shuffle(rows, seed)[..count];
    }

    /// <summary>The rows in an order that depends on the seed alone.</summary>
    public static TaskExample[] Shuffle(IReadOnlyList<TaskExample> rows, int seed)
    {
        var shuffled = rows.ToArray();
        new Random(StepSeed.Of(seed, -1)).Shuffle(shuffled);
        return shuffled;
    }
}
