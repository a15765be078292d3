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
    public static PairedDifference Score(IEnumerable<TrialResult> cell, Contender contender)
    {
        var pairs = Pairs(cell, contender).ToList();
        return HaveRows(pairs.SelectMany(pair => new[] { pair.Base, pair.Other }))
            ? PairedDifference.OfRows([.. pairs.Select(pair => Right(pair.Other).Zip(Right(pair.Base), (other, of) => other - of).ToArray())])
            : PairedDifference.Of([.. pairs.Select(pair => pair.Other.Score - pair.Base.Score)]);
    }

    private static int[] Right(TrialResult result) => PredictedLabels.Right(result.Predictions!);

    /// <summary>Whether the score of every run is the share of its rows that are right, and which is known of each row.</summary>
    public static bool HaveRows(IEnumerable<TrialResult> results) => results.All(result =>
        result.Predictions is { Length: > 0 } rows && Math.Abs(PredictedLabels.Right(rows).Average() - result.Score) < Rounding);
}
