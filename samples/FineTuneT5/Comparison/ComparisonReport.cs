using SamSharp.Samples.FineTuneT5.Reporting;
using SamSharp.Samples.T5.Files;
using Spectre.Console;
using static SamSharp.Samples.FineTuneT5.Reporting.Figures;

namespace SamSharp.Samples.FineTuneT5.Comparison;

/// <summary>What a comparison found: tables on the console and in <c>report.md</c>, and plots.</summary>
/// <param name="results">Of the runs that are reported, the base first in each cell.</param>
/// <param name="tried">The settings that were tried on the validation rows, with their scores.</param>
public sealed class ComparisonReport(
    CompareRequest request, IReadOnlyList<TrialResult> results, IReadOnlyList<SolutionSlice> slices,
    IReadOnlyList<(string Optimizer, Contender Contender, Setting Setting, double Score)> tried)
{
    /// <summary>With fewer tasks an interval over them says nothing.</summary>
    private const int LeastTasks = 5;

    /// <summary>Tables with more columns do not fit a terminal; report.md has them.</summary>
    private const int MostColumns = 10;

    /// <summary>Characters in a line where output is no terminal.</summary>
    private const int FileWidth = 120;

    private readonly Contender[] _contenders = [Contender.Base, .. request.Contenders];

    /// <summary>The tables of the console and of <c>report.md</c>.</summary>
    public IReadOnlyList<ReportTable> Tables =>
    [
        .. tried.Count > 0 ? [Tuned()] : Array.Empty<ReportTable>(),
        Scores(),
        Overall(),
        .. MeasureTable.Create(_contenders, [.. Cells()]),
        .. request.Sizes.Count > 1 ? [BySize()] : Array.Empty<ReportTable>(),
    ];

    /// <summary>Prints the tables that fit a terminal, writes the files and names them.</summary>
    public void Show(TrialStore store)
    {
        var tables = Tables;
        if (!ProgressDisplay.IsInteractive)
            AnsiConsole.Profile.Width = FileWidth;
        foreach (var table in tables.Where(table => table.Header.Count <= MostColumns))
            AnsiConsole.Write(table.ToConsole());
        string At(string file) => Path.Combine(store.Folder, file);
        AtomicFile.Write(At("report.md"), string.Join('\n', tables.Select(table => table.ToMarkdown())));
        var plots = new ComparisonPlots(_contenders, results, slices);
        plots.SaveScores(At("scores.png"));
        plots.SaveCurves(At("curves.png"));
        plots.SaveSharpness(At("sharpness.png"));
        Console.WriteLine($"Runs:    {store.Lines}");
        Console.WriteLine($"Tables:  {At("report.md")}");
        Console.WriteLine($"Plots:   {At("scores.png")}, curves.png, sharpness.png{(slices.Count > 0 ? ", slices.png" : "")}");
        if (slices.Count > 0)
            plots.SaveSlices(At("slices.png"));
        Console.WriteLine();
        foreach (var line in new ComparisonSummary(request, results).Lines)
            Console.WriteLine(line);
    }

    private ReportTable Tuned() => new(
        "Tuning", 2, ["optimizer", "algorithm", "learning rate", "rho", "validation score"],
        [.. from candidate in tried
            let best = candidate.Score == tried.Where(other => (other.Optimizer, other.Contender) == (candidate.Optimizer, candidate.Contender))
                .Max(other => other.Score)
            select new[]
            {
                candidate.Optimizer, candidate.Contender.Title, Number(candidate.Setting.LearningRate, "G3"),
                candidate.Contender.Tuned is not null ? Number(candidate.Setting.Rho, "G3") : "",
                Percent(candidate.Score) + (best ? " *" : ""),
            }],
        $"Mean score in % of the validation rows, {request.TuningSize.Rows} training rows, seed " +
        $"{string.Join(", ", request.TuningSeeds)}; * chosen");

    private ReportTable Scores()
    {
        var lines = (from cell in Cells()
                     from contender in _contenders
                     select (Cell: cell, Contender: contender, Difference: contender == Contender.Base
                        ? null : Compared.Score(cell, contender))).ToList();
        var corrected = PairedDifference.Holm([.. lines.Select(line => line.Difference?.PValue ?? double.NaN)]);
        return new(
            "Scores", 4, ["task", "optimizer", "rows", "algorithm", "score", "difference", "p", "Holm", "w/t/l"],
            [.. lines.Select((line, i) => (string[])
            [
                line.Cell.Key.Task, line.Cell.Key.Optimizer, $"{line.Cell.Key.Rows}", line.Contender.Title,
                MeanAndDeviation([.. line.Cell.Where(result => result.Trial.Contender == line.Contender.Name).Select(run => run.Score)]),
                .. Columns(line.Difference)[..2], PValue(corrected[i]), Columns(line.Difference)[2],
            ])],
            ScoresCaption);
    }

    private string ScoresCaption =>
        $"Score in % of the test rows, mean and standard deviation over {request.Seeds.Count} seeds{Noise}; difference from the base over the " +
        $"seeds{(Compared.HaveRows(results) ? " and test rows, which runs share" : "")}, with its 95 % interval, p of " +
        "the paired t-test, the same after Holm's correction over this table, and runs won, tied and lost";

    private ReportTable BySize() => new(
        "By training-set size", 3, ["optimizer", "rows", "algorithm", .. SummaryHeader],
        [.. from cells in Cells().GroupBy(cell => (cell.Key.Optimizer, cell.Key.Rows))
            from contender in request.Contenders
            select (string[])[cells.Key.Optimizer, $"{cells.Key.Rows}", contender.Title, .. Summary([.. cells], contender)]],
        "As above, over the tasks");

    private ReportTable Overall() => new(
        "All together", 2, ["optimizer", "algorithm", .. SummaryHeader],
        [.. from cells in Cells().GroupBy(cell => cell.Key.Optimizer)
            from contender in request.Contenders
            select (string[])[cells.Key, contender.Title, .. Summary([.. cells], contender)]],
        "Difference of the score from the base: mean over tasks and sizes, with the 95 % interval over the tasks where there are " +
        $"{LeastTasks} or more (the sizes of a task share rows and seeds, and count as one). Test loss, sharpness (at one rho for all) and " +
        "training time: geometric mean of the ratio to the base, with the number of runs that have one where some have none, because one of " +
        "the pair diverged or its sharpness is not above 0; lower: in how many runs the test loss was below the base's");

    private static string[] SummaryHeader => ["difference", "p", "w/t/l", "test loss", "lower", "sharpness", "time"];

    private static string[] Summary(
        IReadOnlyList<IGrouping<(string Task, string Optimizer, RowCount Rows), TrialResult>> cells, Contender contender)
    {
        var pairs = cells.SelectMany(cell => Compared.Pairs(cell, contender)).ToList();
        var overTasks = PairedDifference.Of([.. cells.GroupBy(cell => cell.Key.Task)
            .Select(task => task.Average(cell => Compared.Differences(cell, contender).Average()))]);
        var overRuns = PairedDifference.Of([.. cells.SelectMany(cell => Compared.Differences(cell, contender))]);
        return
        [
            .. Columns(overTasks.Pairs < LeastTasks ? overTasks with { HalfWidth = double.NaN, PValue = double.NaN } : overTasks)[..2],
            Columns(overRuns)[2],
            Times(pairs.Select(pair => (pair.Other.Loss, pair.Base.Loss))),
            $"{pairs.Count(pair => LossOf(pair.Other) < LossOf(pair.Base))} of {pairs.Count}",
            Times(pairs.Select(pair => (pair.Other.SharpnessAfter, pair.Base.SharpnessAfter))),
            Times(pairs.Select(pair => ((double?)pair.Other.TrainingMilliseconds, (double?)pair.Base.TrainingMilliseconds))),
        ];
    }

    // A run that diverged is above every other.
    private static double LossOf(TrialResult result) => result.Loss ?? double.PositiveInfinity;

    private string Noise => request.LabelNoise > 0 ? $", {Number(100 * request.LabelNoise, "G3")} % of the training labels wrong" : "";

    private IEnumerable<IGrouping<(string Task, string Optimizer, RowCount Rows), TrialResult>> Cells() =>
        results.GroupBy(result => (result.Trial.Task, result.Trial.Optimizer, result.Trial.Rows))
            .OrderBy(cell => cell.Key.Task, StringComparer.Ordinal)
            .ThenBy(cell => cell.Key.Optimizer, StringComparer.Ordinal).ThenBy(cell => cell.Key.Rows.Place);

    private static string[] Columns(PairedDifference? difference) => difference is null
        ? ["", "", ""]
        :
        [
            Points(difference.Mean, difference.HalfWidth),
            PValue(difference.PValue),
            $"{difference.Wins}/{difference.Ties}/{difference.Losses}",
        ];

    private static string MeanAndDeviation(double[] values)
    {
        var sample = Sample.Of(values);
        return values.Length == 1 ? Percent(sample.Mean) : $"{Percent(sample.Mean)} ± {Percent(sample.Deviation)}";
    }

    private static string Times(IEnumerable<(double? Other, double? Base)> pairs)
    {
        var all = pairs.ToList();
        var (mean, count) = MeanRatio(all);
        return count == 0 ? $"none of {all.Count}" : $"× {Number(mean, "F2")}{(count == all.Count ? "" : $" ({count} of {all.Count})")}";
    }
}
