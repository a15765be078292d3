using SamSharp.Samples.FineTuneT5.Reporting;
using static SamSharp.Samples.FineTuneT5.Reporting.Figures;

namespace SamSharp.Samples.FineTuneT5.Comparison;

/// <summary>Several comparisons together: all their differences under one correction, and which radii would have served everywhere.</summary>
/// <param name="comparisons">Name and runs of each.</param>
public sealed class EvidenceSummary(IReadOnlyList<(string Name, IReadOnlyList<TrialResult> Runs)> comparisons)
{
    /// <summary>A radius serves a task where its validation score is at most this far below the best one's.</summary>
    private const double Near = 0.01;

    private const double Rounding = 1e-9;

    private sealed record Line(string Comparison, string Task, string Optimizer, RowCount Rows, double Noise, Contender Contender, double Base,
        IReadOnlyList<(TrialResult Base, TrialResult Other)> Pairs)
    {
        public PairedDifference Difference { get; } = Compared.Score([Pairs]);
    }

    private readonly IReadOnlyList<Line> _lines = [.. comparisons.SelectMany(comparison => Lines(comparison.Name, comparison.Runs))];

    /// <summary>Reads the runs of each folder's <c>results.jsonl</c>.</summary>
    /// <exception cref="FileNotFoundException">A folder has none.</exception>
    public static EvidenceSummary Read(IReadOnlyList<string> folders) => new([.. folders.Select(folder =>
    {
        var store = new TrialStore(folder);
        return File.Exists(store.Lines)
            ? (Path.GetFileName(store.Folder), TrialStore.ReadLines(store.Lines))
            : throw new FileNotFoundException($"{store.Folder} holds no finished comparison: it has no results.jsonl.");
    })]);

    /// <summary>All tables.</summary>
    public IReadOnlyList<ReportTable> Tables => [ByContender(), Everything(), Radii()];

    private ReportTable Everything()
    {
        var corrected = PairedDifference.Holm([.. _lines.Select(line => line.Difference.PValue)]);
        return new(
            "All differences", 5, ["comparison", "task", "rows", "wrong labels", "algorithm", "base", "difference", "p", "Holm", "w/t/l"],
            [.. _lines.Index().Select(line => (string[])
            [
                line.Item.Comparison, line.Item.Task, $"{line.Item.Rows}", Percent(line.Item.Noise, "F0"), line.Item.Contender.Title,
                Percent(line.Item.Base), Points(line.Item.Difference.Mean, line.Item.Difference.HalfWidth),
                PValue(line.Item.Difference.PValue), PValue(corrected[line.Index]),
                $"{line.Item.Difference.Wins}/{line.Item.Difference.Ties}/{line.Item.Difference.Losses}",
            ])],
            $"Difference of the test score from the base in points with its 95 % interval, p, the same after Holm's correction over all " +
            $"{_lines.Count} differences of this table, and runs won, tied and lost");
    }

    private ReportTable ByContender()
    {
        var groups = _lines.GroupBy(line => (line.Comparison, line.Optimizer, line.Rows, line.Noise, line.Contender.Name))
            .Select(lines => lines.ToList()).ToList();
        var overall = groups.Select(lines => Compared.Score(lines.Select(line => line.Pairs))).ToList();
        var corrected = PairedDifference.Holm([.. overall.Select(one => one.PValue)]);
        return new(
            "By comparison", 3, ["comparison", "rows", "algorithm", "tasks", "difference", "p", "Holm", "least", "most", "w/t/l", "test loss"],
            [.. groups.Index().Select(group =>
            {
                var (lines, differences) = (group.Item, group.Item.Select(line => line.Difference).ToList());
                var losses = lines.SelectMany(line => line.Pairs).Select(pair => (pair.Other.Loss, pair.Base.Loss));
                return (string[])
                [
                    lines[0].Comparison, $"{lines[0].Rows}", lines[0].Contender.Title,
                    $"{lines.Select(line => line.Task).Distinct().Count()}",
                    Points(overall[group.Index].Mean, overall[group.Index].HalfWidth), PValue(overall[group.Index].PValue),
                    PValue(corrected[group.Index]), Points(differences.Min(one => one.Mean)), Points(differences.Max(one => one.Mean)),
                    $"{differences.Sum(one => one.Wins)}/{differences.Sum(one => one.Ties)}/{differences.Sum(one => one.Losses)}",
                    $"× {Number(MeanRatio(losses).Mean, "F2")}",
                ];
            })],
            "Mean difference of the test score from the base over the tasks in points, with its 95 % interval for other seeds and other rows of " +
            $"these tasks, p, the same after Holm's correction over the {groups.Count} lines; the least and the most of a task; runs won, tied " +
            "and lost; geometric mean of the ratio of test losses");
    }

    // The tuning runs of a recipe on one task: all its radii on the same validation rows.
    private ReportTable Radii()
    {
        var cells = (from comparison in comparisons
                     from run in comparison.Runs
                     where run.Trial.Tuning && Contender.Parse(run.Trial.Contender).IsSharpnessAware
                     group run by (comparison.Name, run.Trial.Task, run.Trial.Optimizer, run.Trial.Contender, run.Trial.LearningRate) into cell
                     let scores = cell.GroupBy(run => run.Trial.Rho).ToDictionary(of => of.Key, of => of.Average(run => run.Score))
                     where scores.Count > 1
                     select (cell.Key.Contender, Scores: scores, Best: scores.Values.Max())).ToList();
        return new(
            "Radii", 2, ["algorithm", "rho", "cells", "within a point", "behind the best"],
            [.. from contender in cells.GroupBy(cell => cell.Contender)
                from rho in contender.SelectMany(cell => cell.Scores.Keys).Distinct().Order()
                let tried = contender.Where(cell => cell.Scores.ContainsKey(rho)).ToList()
                select new[]
                {
                    Contender.Parse(contender.Key).Title, Number(rho, "G3"), $"{tried.Count}",
                    $"{tried.Count(cell => cell.Scores[rho] >= cell.Best - Near - Rounding)}",
                    Points(tried.Average(cell => cell.Scores[rho] - cell.Best)),
                }],
            "For each radius that was tried: on how many tasks of the comparisons its validation score is at most one point below that of the " +
            "task's best radius, and how far it is below in the mean, in points. The best one is chosen on the same rows, which flatters it");
    }

    private static IEnumerable<Line> Lines(string comparison, IReadOnlyList<TrialResult> runs) =>
        from cell in runs.Where(run => !run.Trial.Tuning).GroupBy(run => (run.Trial.Task, run.Trial.Optimizer, run.Trial.Rows, run.Trial.LabelNoise))
        let scores = cell.Where(run => run.Trial.Contender == Contender.Base.Name).Select(run => run.Score).ToList()
        from contender in cell.Select(run => run.Trial.Contender).Distinct().Select(Contender.Parse).Where(contender => contender != Contender.Base)
        select new Line(
            comparison, cell.Key.Task, cell.Key.Optimizer, cell.Key.Rows, cell.Key.LabelNoise, contender, scores.Average(),
            [.. Compared.Pairs(cell, contender)]);
}
