using SamSharp.Samples.T5.Sampling;
using SamSharp.Samples.T5.Tasks;

namespace SamSharp.Samples.FineTuneT5.Setup;

/// <summary>Chooses a subset of the training rows.</summary>
public static class TrainingRows
{
    /// <summary>The first rows of a shuffle that depends only on the seed, so that more rows are a superset of fewer.</summary>
    public static IReadOnlyList<TaskExample> Choose(IReadOnlyList<TaskExample> rows, int count, int seed) =>
        count == rows.Count ? rows : Shuffle(rows, seed)[..count];

    /// <summary>The rows in an order that depends only on the seed.</summary>
    public static TaskExample[] Shuffle(IReadOnlyList<TaskExample> rows, int seed)
    {
        var shuffled = rows.ToArray();
        new Random(StepSeed.Of(seed, -1)).Shuffle(shuffled);
        return shuffled;
    }
}
