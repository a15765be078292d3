using static SamSharp.Samples.FineTuneT5.Reporting.Figures;

namespace SamSharp.Samples.FineTuneT5.Comparison;

/// <summary>What a comparison does and what came out, in sentences.</summary>
/// <param name="results">Of the runs that are reported.</param>
public sealed class ComparisonSummary(CompareRequest request, IReadOnlyList<TrialResult> results)
{
    private const int FewPairs = 20;

    private string Metric => results.All(result => result.Metric == results[0].Metric) ? results[0].Metric.Replace('_', ' ') : "score";

    /// <summary>What a comparison is about to do.</summary>
    /// <param name="request">The comparison.</param>
    /// <param name="runs">The number of runs that are reported.</param>
    public static string Plan(CompareRequest request, int runs)
    {
        var (sizes, seeds) = (string.Join(" and ", request.Sizes.Select(size => size.Rows)), request.Seeds.Count);
        var opening = request.Opening is { } given ? $"{given} " : "";
        return $"{opening}{runs} runs: {Names([Contender.Base, .. request.Contenders])}, each on {sizes} training rows from {seeds} " +
            $"seed{(seeds == 1 ? "" : "s")}{(request.Tasks.Count == 1 ? "" : $" of {request.Tasks.Count} tasks")}. " +
            "Ctrl-C stops; what is done is kept.";
    }

    /// <summary>The result of each contender, and what the words mean.</summary>
    public IReadOnlyList<string> Lines =>
    [
        .. from optimizer in request.Optimizers.Select(pair => pair.Key)
           from contender in request.Contenders
           select Sentence(optimizer, contender),
        .. Terms,
    ];

    private IEnumerable<string> Terms
    {
        get
        {
            yield return $"  {Metric}: of the test rows; a point is one percent. base: the same optimizer without SAM, on the same rows in the " +
                "same order, from the same weights.";
            yield return $"  sharpness: how much the training loss rises one step of length {Number(request.SharpnessRho, "G3")} uphill from the " +
                "trained weights. SAM is made to lower it. x 0.90: 10 % less than the base's.";
            if (request.Contenders.FirstOrDefault(contender => contender.AscentFraction < 1) is { } part)
                yield return $"  {part.Title}: SAM finds the way uphill on a part of the batch, which costs less time.";
            if (results.Count(result => result.Trial.Contender == Contender.Base.Name) < FewPairs)
                yield return "  So few pairs show that it works, not what it is good for: RESULTS.md has more.";
        }
    }

    private string Sentence(string optimizer, Contender contender)
    {
        var pairs = (from result in results
                     where result.Trial.Optimizer == optimizer && result.Trial.Contender == contender.Name
                     let other = results.First(one => one.Trial.Cell == result.Trial.Cell && one.Trial.Contender == Contender.Base.Name)
                     select (Own: result, Base: other)).ToList();
        var score = PairedDifference.Of([.. pairs.Select(pair => pair.Own.Score - pair.Base.Score)]);
        return $"{contender.Title} against the base ({optimizer}) in {pairs.Count} pair{(pairs.Count == 1 ? "" : "s")} of runs: " +
            $"{Metric} {Points(score.Mean)} points ({score.Wins} won, {score.Ties} tied, {score.Losses} lost)" +
            Ratio(", test loss", pairs.Select(pair => (pair.Own.Loss, pair.Base.Loss)), counts: true) +
            Ratio(", sharpness", pairs.Select(pair => (pair.Own.SharpnessAfter, pair.Base.SharpnessAfter)), counts: false) +
            Ratio(", training time", pairs.Select(pair => ((double?)pair.Own.TrainingMilliseconds, (double?)pair.Base.TrainingMilliseconds)),
                counts: false) + ".";
    }

    private static string Ratio(string what, IEnumerable<(double? Own, double? Base)> pairs, bool counts)
    {
        var all = pairs.ToList();
        var (mean, count) = MeanRatio(all);
        var lower = counts ? $" (lower in {all.Count(pair => (pair.Own ?? double.PositiveInfinity) < pair.Base)} of {all.Count})" : "";
        return count == 0 ? "" : $"{what} x {Number(mean, "F2")}{lower}";
    }

    private static string Names(IEnumerable<Contender> contenders) => string.Join("; ", contenders.Select(contender => contender.Title));
}
