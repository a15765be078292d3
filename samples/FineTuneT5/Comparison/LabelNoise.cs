using SamSharp.Samples.T5.Sampling;
using SamSharp.Samples.T5.Tasks;

namespace SamSharp.Samples.FineTuneT5.Comparison;

/// <summary>Replaces labels with wrong ones.</summary>
public static class LabelNoise
{
    private const int MostLabels = 100;

    /// <summary>The rows with a share of their targets, chosen by the seed, replaced by other targets with equal probability.</summary>
    /// <exception cref="ArgumentException">There is only one target, or too many to be labels.</exception>
    public static IReadOnlyList<TaskExample> Add(IReadOnlyList<TaskExample> rows, double part, int seed)
    {
        if (part == 0)
            return rows;
        string[] labels = [.. rows.Select(row => row.Target).Distinct().Order(StringComparer.Ordinal)];
        if (labels.Length is < 2 or > MostLabels)
            throw new ArgumentException($"--label-noise needs a task with 2 to {MostLabels} labels; these rows have {labels.Length}.");
        var random = new Random(StepSeed.Of(seed, -2));
        var noisy = rows.ToArray();
        foreach (var i in random.GetItemsWithoutRepetition(rows.Count, (int)Math.Round(part * rows.Count)))
        {
            var others = labels.Where(label => label != rows[i].Target).ToArray();
            noisy[i] = rows[i] with { Target = others[random.Next(others.Length)] };
        }
        return noisy;
    }

    private static int[] GetItemsWithoutRepetition(this Random random, int count, int wanted)
    {
        var all = Enumerable.Range(0, count).ToArray();
        random.Shuffle(all);
        return all[..wanted];
    }
}
