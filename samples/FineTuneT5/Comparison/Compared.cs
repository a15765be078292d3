using SamSharp.Samples.T5.Evaluation;

namespace SamSharp.Samples.FineTuneT5.Comparison;

/// <summary>The pairs of runs of one cell: task, optimizer and number of rows.</summary>
internal static class Compared
{
    private const double Rounding = 1e-9;

    /// <summary>For each seed the base's run and the contender's.</summary>
    public static IEnumerable<(TrialResult Base, TrialResult Other)> Pairs(IEnumerable<TrialResult> cell, Contender contender) =>
        from seed in cell.GroupBy(result => result.Trial.Seed)
        select (seed.First(result => result.Trial.Contender == Contender.Base.Name), seed.First(result => result.Trial.Contender == contender.Name));

    /// <summary>Differences of the score, contender minus base.</summary>
    public static double[] Differences(IEnumerable<TrialResult> cell, Contender contender) =>
        [.. Pairs(cell, contender).Select(pair => pair.Other.Score - pair.Base.Score)];

    /// <summary>The difference of the score over seeds and, where the score is the share of rows that are right, over the rows.</summary>
    public static PairedDifference Score(IEnumerable<TrialResult> cell, Contender contender) => Score([Pairs(cell, contender)]);

    /// <summary>The mean difference over tasks that weigh the same, for seeds that all of them have: for other seeds and other rows of these
    /// tasks, not for other tasks.</summary>
    /// <param name="tasks">For each task its pairs of runs.</param>
    public static PairedDifference Score(IEnumerable<IEnumerable<(TrialResult Base, TrialResult Other)>> tasks)
    {
        var bySeed = tasks.Select(pairs => pairs.ToDictionary(pair => pair.Base.Trial.Seed)).ToList();
        var seeds = bySeed[0].Keys.Where(seed => bySeed.All(pairs => pairs.ContainsKey(seed))).ToList();
        if (!HaveRows(bySeed.SelectMany(pairs => pairs.Values).SelectMany(pair => new[] { pair.Base, pair.Other })))
            return PairedDifference.Of([.. seeds.Select(seed => bySeed.Average(pairs => pairs[seed].Other.Score - pairs[seed].Base.Score))]);
        var counts = bySeed.ConvertAll(pairs => Right(pairs.Values.First().Base).Length);
        // Weighted so that the mean over all rows is the mean over the tasks.
        return PairedDifference.OfRows([.. seeds.Select(seed => bySeed.SelectMany((pairs, task) =>
            Right(pairs[seed].Other).Zip(Right(pairs[seed].Base), (other, of) => (other - of) * (counts.Average() / counts[task]))).ToArray())]);
    }

    private static int[] Right(TrialResult result) => PredictedLabels.Right(result.Predictions!);

    /// <summary>Whether the score of every run is the share of its rows that are right, and which is known of each row.</summary>
    public static bool HaveRows(IEnumerable<TrialResult> results) => results.All(result =>
        result.Predictions is { Length: > 0 } rows && Math.Abs(PredictedLabels.Right(rows).Average() - result.Score) < Rounding);
}
