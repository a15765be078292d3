using SamSharp.Samples.FineTuneT5.CommandLine;
using SamSharp.Samples.FineTuneT5.Comparison;

namespace SamSharp.Samples.FineTuneT5.Tests.Comparison;

/// <summary>The numbers of <c>report.md</c>: for results whose differences, ratios and intervals are known by hand, and for the published
/// runs.</summary>
public class ComparisonReportTests
{
    private static readonly string[] Tasks = ["a", "b", "c", "d", "e"];

    /// <summary>
    /// Five tasks, two sizes, two seeds. A task's runs of SAM are 1 to 5 points better, in both sizes and with both seeds: mean 3, standard
    /// deviation 1.5811 over five tasks, standard error 0.7071, t(4) at 97.5 % 2.7764: 3.0 ± 1.96, t = 4.2426, p = 0.0132 (R 4.2). Ten independent
    /// differences would have ± 1.07.
    /// </summary>
    [Fact]
    public void An_interval_over_tasks_takes_the_sizes_of_a_task_as_one()
    {
        var row = Row(Report(Better(by: 0.01)), "All together", "SAM");
        Assert.Equal(["adafactor", "SAM", "+3.0 ± 2.0", "0.01", "20/0/0"], row[..5]);
    }

    [Fact]
    public void A_contender_that_is_worse_has_a_minus()
    {
        var row = Row(Report(Better(by: -0.01)), "All together", "SAM");
        Assert.Equal(["-3.0 ± 2.0", "0.01", "0/0/20"], row[2..5]);
        Assert.Equal(["-3.0 ± 2.0", "0.01", "0/0/10"], Row(Report(Better(by: -0.01)), "By training-set size", "100", "SAM")[3..6]);
    }

    [Fact]
    public void Fewer_than_five_tasks_have_no_interval_however_many_sizes_they_have()
    {
        var row = Row(Report(Better(by: 0.01), tasks: 4), "All together", "SAM");
        Assert.Equal(["+2.5", "", "16/0/0"], row[2..5]);
    }

    /// <summary>Differences of two seeds: 1 and 3 points: mean 2, standard error 1, t(1) at 97.5 % 12.706, p = 0.2952, and 1 for
    /// one of ten such cells; base 50.0 and 50.0.</summary>
    [Fact]
    public void A_cell_has_the_interval_over_its_seeds_and_counts_its_wins()
    {
        var report = Report((task, size, seed) => new(0.5 + (seed == 1 ? 0.01 : 0.03), 1, 1, 1));
        Assert.Equal(["a", "adafactor", "100", "base", "50.0 ± 0.0", "", "", "", ""], Row(report, "Scores", "a", "100", "base"));
        Assert.Equal(["a", "adafactor", "100", "SAM", "52.0 ± 1.4", "+2.0 ± 12.7", "0.30", "1.00", "2/0/0"],
            Row(report, "Scores", "a", "100", "SAM"));
        var mixed = Report((task, size, seed) => new(0.5 + (seed == 1 ? 0.02 : task == "a" ? 0 : -0.01), 1, 1, 1));
        Assert.Equal("1/1/0", Row(mixed, "Scores", "a", "100", "SAM")[8]);
        Assert.Equal("1/0/1", Row(mixed, "Scores", "b", "100", "SAM")[8]);
        Assert.Equal("10/2/8", Row(mixed, "All together", "SAM")[4]);
    }

    /// <summary>Ratios of SAM to the base: of the loss 0.5 and 0.72 (geometric mean 0.6), of sharpness 0.25 and 4 (1), of time 1.5; the base has 1
    /// everywhere.</summary>
    [Fact]
    public void Ratios_are_geometric_means_of_the_contender_to_the_base()
    {
        var row = Row(Report((_, _, seed) => seed == 1 ? new(0.5, 0.5, 0.25, 1.5) : new(0.5, 0.72, 4, 1.5)), "All together", "SAM");
        Assert.Equal(["0.0 ± 0.0", "1.00", "0/20/0", "× 0.60", "20 of 20", "× 1.00", "× 1.50"], row[2..]);
        row = Row(Report((_, _, seed) => seed == 1 ? new(0.5, 2, 2, 0.5) : new(0.5, 0.5, 2, 0.5)), "All together", "SAM");
        Assert.Equal(["× 1.00", "10 of 20", "× 2.00", "× 0.50"], row[5..]);
    }

    /// <summary>A quotient of two negative numbers is positive and says nothing.</summary>
    [Fact]
    public void Runs_without_a_ratio_are_counted()
    {
        var row = Row(Report((task, _, seed) => (task, seed) switch
        {
            ("a", _) => new(0.5, 0.5, -0.5, 1, BaseSharpness: -1),
            ("b", 1) => new(0.5, 0.5, -0.5, 1),
            ("c", 1) => new(0, null, null, 1),
            _ => new(0.5, 0.5, 2, 1),
        }), "All together", "SAM");
        Assert.Equal(["× 0.50 (18 of 20)", "18 of 20", "× 2.00 (12 of 20)", "× 1.00"], row[5..]);
        Assert.Equal("none of 20", Row(Report((_, _, _) => new(0.5, 0.5, -1, 1)), "All together", "SAM")[7]);
        // Where the base diverged, the other's loss is the lower one.
        Assert.Equal(["none of 20", "20 of 20"], Row(Report((_, _, _) => new(0.5, 0.5, 1, 1, BaseLoss: null)), "All together", "SAM")[5..7]);
    }

    public static TheoryData<string, string> Published => new()
    {
        { "main", "base*1.25 sam/4" }, { "family", "base*2 sam asam/4 stale-sam interval-sam/4" }, { "full", "sam/4" }, { "adamw", "sam/4" },
        { "noise", "sam/4" }, { "hard", "sam/4" }, { "scratch", "base*1.25" },
    };

    /// <summary>Every difference, interval, ratio and count that is published follows from the runs that are published beside it.</summary>
    [Theory]
    [MemberData(nameof(Published))]
    public void Published_tables_follow_from_published_runs(string experiment, string contenders)
    {
        var folder = Repository.Find($"samples/FineTuneT5/Artifacts/results/{experiment}");
        var runs = TrialStore.ReadLines(Path.Combine(folder, "results.jsonl")).Where(run => !run.Trial.Tuning).ToList();
        var report = new ComparisonReport(
            Demonstration.Comparison("run") with
            {
                Seeds = [.. runs.Select(run => run.Trial.Seed).Distinct().Order()],
                Sizes = [.. runs.Where(run => run.Trial.Contender == "base")
                    .Select(run => new TrainingSize(run.Trial.Rows, run.Trial.Steps)).Distinct()],
                Contenders = [.. contenders.Split(' ').Select(Contender.Parse)],
                LabelNoise = runs[0].Trial.LabelNoise,
            }, runs, [], []);
        var published = File.ReadAllText(Path.Combine(folder, "report.md"));
        var page = File.ReadAllText(Path.Combine(folder, "../../../RESULTS.md"));
        Assert.All(report.Tables, table =>
        {
            Assert.Contains(table.ToMarkdown(), published, StringComparison.Ordinal);
            // The page tells in words what came of the fresh weights.
            if (table.Title != "All together" || experiment == "scratch") return;
            Assert.All(table.Rows, row => Assert.Contains($"| {string.Join(" | ", row)} |", page, StringComparison.Ordinal));
        });
    }

    /// <summary>Two seeds on four rows, of which SAM has one more right with both: 25 points. The variance is that of the rows, 1/16, less
    /// that of the single predictions, 1.5/56: a standard error of 0.18898, 240.1 points with t(1) at 97.5 %, p = 1 - 2/pi atan(1.3229) =
    /// 0.4121.</summary>
    [Fact]
    public void A_score_whose_rows_are_known_has_the_interval_over_seeds_and_rows_and_the_contender_s_sign()
    {
        TrialResult Result(bool isBase, int seed, string predictions, double score) => new(
            new Trial("a", "adafactor", isBase ? "base" : "sam", 100, 10, seed, 0.1, isBase ? 0 : 0.5, 0, Tuning: false), "accuracy", score,
            1, 1, 1, 1, 1, [])
        {
            Predictions = predictions,
        };
        TrialResult[] cell = [.. from seed in new[] { 1, 2 } from isBase in new[] { true, false }
                                 select Result(isBase, seed, isBase ? "aBaB" : "abaB", isBase ? 0.5 : 0.75)];
        var difference = Compared.Score(cell, Contender.Parse("sam"));
        Assert.Equal((2, 0.25, 2), (difference.Pairs, difference.Mean, difference.Wins));
        Assert.Equal(2.4012, difference.HalfWidth, 4);
        Assert.Equal(0.4121, difference.PValue, 4);
    }

    private static Func<string, int, int, Measured> Better(double by) =>
        (task, _, _) => new(0.5 + (by * (1 + Array.IndexOf(Tasks, task))), 1, 1, 1);

    private static ComparisonReport Report(Func<string, int, int, Measured> measured, int tasks = 5)
    {
        TrialResult Result(string task, int size, int seed, Measured it, bool isBase) => new(
            new Trial(task, "adafactor", isBase ? "base" : "sam", size, 10, seed, 0.1, isBase ? 0 : 0.5, 0, Tuning: false), "accuracy",
            isBase ? 0.5 : it.Score, isBase ? it.BaseLoss : it.Loss, 1, isBase ? it.BaseSharpness : it.Sharpness, isBase ? 1 : it.Time, 1, []);
        return new(
            Demonstration.Comparison("run") with
            {
                Seeds = [1, 2],
                Sizes = [new(100, 10), new(300, 10)],
                Contenders = [Contender.Parse("sam")],
                LabelNoise = 0,
            },
            [.. from task in Tasks[..tasks]
                from size in new[] { 100, 300 }
                from seed in new[] { 1, 2 }
                from isBase in new[] { true, false }
                select Result(task, size, seed, measured(task, size, seed), isBase)], [], []);
    }

    /// <summary>The row of a table that has all these cells.</summary>
    private static string[] Row(ComparisonReport report, string table, params string[] cells) =>
        report.Tables.Single(one => one.Title == table).Rows.Single(row => cells.All(row.Contains));

    /// <summary>What a run of SAM measured, and two numbers of the base's.</summary>
    private sealed record Measured(double Score, double? Loss, double? Sharpness, double Time, double? BaseLoss = 1, double? BaseSharpness = 1);
}
