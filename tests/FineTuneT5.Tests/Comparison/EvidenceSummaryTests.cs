using SamSharp.Samples.FineTuneT5.Comparison;

namespace SamSharp.Samples.FineTuneT5.Tests.Comparison;

public class EvidenceSummaryTests
{
    /// <summary>Two comparisons of two seeds each: SAM is 2 and 4 points better in one, 1 and 3 points worse in the other.</summary>
    [Fact]
    public void All_differences_stand_under_one_correction()
    {
        var tables = new EvidenceSummary([("one", Runs(0.02, 0.04)), ("two", Runs(-0.01, -0.03))]).Tables;
        // 3 ± 12.7 of two seeds: t = 3, p = 2 atan(1/3) / pi = 0.2048; the other 2: t = 2, p = 0.2952. Holm: both times 2 at most.
        Assert.Equal(["one", "sst2", "100", "20", "SAM", "50.0", "+3.0 ± 12.7", "0.20", "0.41", "2/0/0"], tables[1].Rows[0]);
        Assert.Equal(["two", "sst2", "100", "20", "SAM", "50.0", "-2.0 ± 12.7", "0.30", "0.41", "0/0/2"], tables[1].Rows[1]);
        Assert.Equal(["one", "100", "SAM", "1", "+3.0 ± 12.7", "0.20", "0.41", "+3.0", "+3.0", "2/0/0", "× 0.50"], tables[0].Rows[0]);
    }

    /// <summary>SAM is right in one row more of two with one seed and of four with the other; by tasks 25 and 12.5 points, in the mean 18.75 with
    /// an error of 6.25 over the seeds: Student's t of one degree of freedom gives 12.706 times it, and 2 atan(1/3) / pi.</summary>
    [Fact]
    public void Tasks_weigh_the_same_in_their_mean()
    {
        TrialResult Of(string task, string contender, int seed, string predictions, double score)
        {
            var run = Run(contender, seed, score, contender == "sam" ? 0.1 : 0);
            return run with { Trial = run.Trial with { Task = task }, Predictions = predictions };
        }
        TrialResult[] runs =
        [
            Of("a", "base", 1, "Aa", 0.5), Of("a", "sam", 1, "aa", 1), Of("a", "base", 2, "Aa", 0.5), Of("a", "sam", 2, "Aa", 0.5),
            Of("b", "base", 1, "AaAa", 0.5), Of("b", "sam", 1, "AaAa", 0.5), Of("b", "base", 2, "AaAa", 0.5), Of("b", "sam", 2, "aaAa", 0.75),
        ];
        Assert.Equal(["one", "100", "SAM", "2", "+18.8 ± 79.4", "0.20", "0.20", "+12.5", "+25.0", "2/2/0", "× 0.50"],
            new EvidenceSummary([("one", runs)]).Tables[0].Rows[0]);
    }

    /// <summary>Radius 0.1 is best in both comparisons, 0.2 half a point behind in one and five points in the other.</summary>
    [Fact]
    public void A_radius_serves_where_it_is_within_a_point_of_the_best()
    {
        TrialResult[] Tuning(double second) => [.. new[] { (0.1, 0.8), (0.2, second) }.SelectMany(pair => new[] { -0.01, 0.01 }.Select((shift, i) =>
            Run("sam", 101 + i, pair.Item2 + shift, pair.Item1, tuning: true)))];
        var radii = new EvidenceSummary([("one", Tuning(0.795)), ("two", Tuning(0.75))]).Tables[2].Rows;
        Assert.Equal(["SAM", "0.1", "2", "2", "0.0"], radii[0]);
        Assert.Equal(["SAM", "0.2", "2", "1", "-2.8"], radii[1]);
    }

    [Fact]
    public void A_folder_without_results_is_named() => Assert.Contains("results.jsonl",
        Assert.Throws<FileNotFoundException>(() => EvidenceSummary.Read(["nowhere"])).Message, StringComparison.Ordinal);

    private static TrialResult[] Runs(double first, double second) =>
        [Run("base", 1, 0.5, 0), Run("base", 2, 0.5, 0), Run("sam", 1, 0.5 + first, 0.1), Run("sam", 2, 0.5 + second, 0.1)];

    private static TrialResult Run(string contender, int seed, double score, double rho, bool tuning = false) => new(
        new Trial("sst2", "adamw", contender, 100, 50, seed, 0.0002, rho, 0.2, tuning), "accuracy", score, rho == 0 ? 1 : 0.5, 1, 1, 1, 1, []);
}
