using System.Globalization;
using SamSharp.Samples.FineTuneT5.Reporting;
using Spectre.Console;

namespace SamSharp.Samples.FineTuneT5.Comparison;

/// <summary>What a comparison found: tables on the console and in <c>report.md</c>, and plots.</summary>
/// <param name="results">Of the runs that are reported, the base first in each cell.</param>
/// <param name="tried">The settings that were tried on the validation rows, with their scores.</param>
public sealed class ComparisonReport(
    CompareRequest request, IReadOnlyList<TrialResult> results, IReadOnlyList<SolutionSlice> slices,
    IReadOnlyList<(string Optimizer, Contender Contender, Setting Setting, double Score)> tried)
{
    /// <summary>With fewer tasks and sizes an interval over them says nothing.</summary>
    private const int LeastCells = 5;

    /// <summary>Characters in a line where output is no terminal.</summary>
    private const int FileWidth = 120;

    private readonly Contender[] _contenders = [Contender.Base, .. request.Contenders];

    /// <summary>Prints the tables, writes the files and names them.</summary>
    public void Show(TrialStore store)
    {
        List<ReportTable> tables = [Scores(), Overall()];
        if (tried.Count > 0)
            tables.Insert(0, Tuned());
        if (request.Sizes.Count > 1)
            tables.Add(BySize());
        if (!ConsoleProgress.IsInteractive)
            AnsiConsole.Profile.Width = FileWidth;
        foreach (var table in tables)
            AnsiConsole.Write(table.ToConsole());
        string At(string file) => Path.Combine(store.Folder, file);
        File.WriteAllText(At("report.md"), string.Join('\n', tables.Select(table => table.ToMarkdown())));
        var plots = new ComparisonPlots(_contenders, results, slices);
        plots.SaveScores(At("scores.png"));
        plots.SaveCurves(At("curves.png"));
        plots.SaveSharpness(At("sharpness.png"));
        Console.WriteLine($"Runs:    {store.Lines}");
        Console.WriteLine($"Tables:  {At("report.md")}");
        Console.WriteLine($"Plots:   {At("scores.png")}, curves.png, sharpness.png{(slices.Count > 0 ? ", slices.png" : "")}");
        if (slices.Count > 0)
            plots.SaveSlices(At("slices.png"));
    }

    private ReportTable Tuned() => new(
        "Tuning", 2, ["optimizer", "algorithm", "learning rate", "rho", "validation score"],
        [.. from candidate in tried
            let best = candidate.Score == tried.Where(other => (other.Optimizer, other.Contender) == (candidate.Optimizer, candidate.Contender))
                .Max(other => other.Score)
            select new[]
            {
                candidate.Optimizer, candidate.Contender.Title, Number(candidate.Setting.LearningRate, "G3"),
                candidate.Contender.IsSharpnessAware ? Number(candidate.Setting.Rho, "G3") : "",
                Percent(candidate.Score) + (best ? " *" : ""),
            }],
        $"Mean score in % of the validation rows, {Trial.SizeName(request.TuningSize.Rows)} training rows, seed " +
        $"{string.Join(", ", request.TuningSeeds)}; * chosen");

    private ReportTable Scores()
    {
        var lines = (from cell in Cells()
                     from contender in _contenders
                     select (Cell: cell, Contender: contender, Difference: contender == Contender.Base
                        ? null : PairedDifference.Of(Differences(cell, contender)))).ToList();
        var corrected = PairedDifference.Holm([.. lines.Select(line => line.Difference?.PValue ?? double.NaN)]);
        return new(
            "Scores", 4, ["task", "optimizer", "rows", "algorithm", "score", "difference", "p", "Holm", "w/t/l"],
            [.. lines.Select((line, i) => (string[])
            [
                line.Cell.Key.Task, line.Cell.Key.Optimizer, Trial.SizeName(line.Cell.Key.Rows), line.Contender.Title,
                MeanAndDeviation([.. line.Cell.Where(result => result.Trial.Contender == line.Contender.Name).Select(run => run.Score)]),
                .. Columns(line.Difference)[..2], PValue(corrected[i]), Columns(line.Difference)[2],
            ])],
            ScoresCaption);
    }

    private string ScoresCaption =>
        $"Score in % of the test rows, mean and standard deviation over {request.Seeds.Count} seeds{Noise}; difference from the base over the " +
        "seeds, with its 95 % interval, p of the paired t-test, the same after Holm's correction over this table, and runs won, tied and lost";

    private ReportTable BySize() => new(
        "By training-set size", 3, ["optimizer", "rows", "algorithm", .. SummaryHeader],
        [.. from cells in Cells().GroupBy(cell => (cell.Key.Optimizer, cell.Key.Rows))
            from contender in request.Contenders
            select (string[])[cells.Key.Optimizer, Trial.SizeName(cells.Key.Rows), contender.Title, .. Summary([.. cells], contender)]],
        "As above, over the tasks");

    private ReportTable Overall() => new(
        "All together", 2, ["optimizer", "algorithm", .. SummaryHeader],
        [.. from cells in Cells().GroupBy(cell => cell.Key.Optimizer)
            from contender in request.Contenders
            select (string[])[cells.Key, contender.Title, .. Summary([.. cells], contender)]],
        "Difference of the score from the base: mean over tasks and sizes, with its 95 % interval where there are five or more of them. " +
        "Test loss, sharpness (at one rho for all) and training time: geometric mean of the ratio to the base; " +
        "lower: in how many runs the test loss was below the base's");

    private static string[] SummaryHeader => ["difference", "p", "w/t/l", "test loss", "lower", "sharpness", "time"];

    private static string[] Summary(IReadOnlyList<IEnumerable<TrialResult>> cells, Contender contender)
    {
        var pairs = cells.SelectMany(cell => Pairs(cell, contender)).ToList();
        var overCells = PairedDifference.Of([.. cells.Select(cell => Differences(cell, contender).Average())]);
        var overRuns = PairedDifference.Of([.. cells.SelectMany(cell => Differences(cell, contender))]);
        return
        [
            .. Columns(cells.Count < LeastCells ? overCells with { HalfWidth = double.NaN, PValue = double.NaN } : overCells)[..2],
            Columns(overRuns)[2],
            Times(pairs.Select(pair => pair.Other.Loss / pair.Base.Loss)),
            $"{pairs.Count(pair => pair.Other.Loss < pair.Base.Loss)} of {pairs.Count}",
            Times(pairs.Select(pair => pair.Other.SharpnessAfter / pair.Base.SharpnessAfter)),
            Times(pairs.Select(pair => (double?)(TrainingTime(pair.Other) / TrainingTime(pair.Base)))),
        ];
    }

    private static double TrainingTime(TrialResult result) => result.StepMilliseconds * result.Trial.Steps;

    private string Noise => request.LabelNoise > 0 ? $", {Number(100 * request.LabelNoise, "G3")} % of the training labels wrong" : "";

    private IEnumerable<IGrouping<(string Task, string Optimizer, int? Rows), TrialResult>> Cells() =>
        results.GroupBy(result => (result.Trial.Task, result.Trial.Optimizer, result.Trial.Rows))
            .OrderBy(cell => cell.Key.Task, StringComparer.Ordinal)
            .ThenBy(cell => cell.Key.Optimizer, StringComparer.Ordinal).ThenBy(cell => cell.Key.Rows ?? int.MaxValue);

    private static IEnumerable<(TrialResult Base, TrialResult Other)> Pairs(IEnumerable<TrialResult> cell, Contender contender) =>
        from seed in cell.GroupBy(result => result.Trial.Seed)
        select (seed.First(result => result.Trial.Contender == Contender.Base.Name), seed.First(result => result.Trial.Contender == contender.Name));

    private static double[] Differences(IEnumerable<TrialResult> cell, Contender contender) =>
        [.. Pairs(cell, contender).Select(pair => pair.Other.Score - pair.Base.Score)];

    private static string[] Columns(PairedDifference? difference) => difference is null
        ? ["", "", ""]
        :
        [
            $"{Number(100 * difference.Mean, "+0.0;-0.0;0.0")}{(double.IsNaN(difference.HalfWidth) ? "" : $" ± {Percent(difference.HalfWidth)}")}",
            PValue(difference.PValue),
            $"{difference.Wins}/{difference.Ties}/{difference.Losses}",
        ];

    private static string PValue(double value) => double.IsNaN(value) ? "" : Number(value, value < 0.01 ? "F3" : "F2");

    private static string MeanAndDeviation(double[] values)
    {
        var sample = Sample.Of(values);
        return values.Length == 1 ? Percent(sample.Mean) : $"{Percent(sample.Mean)} ± {Percent(sample.Deviation)}";
    }

    private static string Times(IEnumerable<double?> ratios) =>
        $"× {Number(Math.Exp(ratios.Where(ratio => ratio > 0).Select(ratio => Math.Log(ratio!.Value)).DefaultIfEmpty(double.NaN).Average()), "F2")}";

    private static string Percent(double value) => Number(100 * value, "F1");

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
