using SamSharp.Samples.FineTuneT5.CommandLine;
using SamSharp.Samples.T5.Tasks;
using SamSharp.Samples.T5.Training;

namespace SamSharp.Samples.FineTuneT5.Jobs;

/// <summary>Chooses the rows to train on when the request asks for fewer than there are.</summary>
public static class TrainingRows
{
    /// <summary>The first rows of a shuffle that depends on the seed alone, so that more rows are a superset of fewer.</summary>
    public static IReadOnlyList<TaskExample> Choose(IReadOnlyList<TaskExample> rows, FineTuneRequest request, int seed)
    {
        var count = request.TrainFraction is { } fraction
            ? Math.Max(1, (int)Math.Round(rows.Count * fraction))
            : request.TrainRows ?? rows.Count;
        if (count > rows.Count)
            throw new ArgumentException($"--train-rows is {count}, but there are only {rows.Count} training rows.");
        if (count == rows.Count)
            return rows;
        var shuffled = rows.ToArray();
        new Random(StepSeed.Of(seed, -1)).Shuffle(shuffled);
        return shuffled[..count];
    }
}
