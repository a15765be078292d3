using SamSharp.Samples.FineTuneT5.Reporting;
using SamSharp.Samples.T5.Evaluation;
using static SamSharp.Samples.FineTuneT5.Reporting.Figures;

namespace SamSharp.Samples.FineTuneT5.Comparison;

/// <summary>What else the runs measured: losses, calibration, other rows, and how far seeds agree.</summary>
internal static class MeasureTable
{
    private const string Agreement = "agreement";

    // In this order, with the factor that they are shown with; others come after them in percent.
    private static readonly Dictionary<string, (string Title, double Factor, string Format)> Known = new()
    {
        ["loss"] = ("loss", 1, "F3"),
        ["loss-t"] = ("loss, fitted", 1, "F3"),
        ["ece"] = ("ECE", 100, "F1"),
        ["ece-t"] = ("ECE, fitted", 100, "F1"),
        ["brier"] = ("Brier", 1, "F3"),
    };

    private static readonly HashSet<string> Left = ["temperature", "f1_macro"];

    /// <summary>The table, or nothing where runs have no such measures.</summary>
    public static IEnumerable<ReportTable> Create(
        IReadOnlyList<Contender> contenders, IReadOnlyList<IGrouping<(string Task, string Optimizer, RowCount Rows), TrialResult>> cells)
    {
        var all = cells.SelectMany(cell => cell).ToList();
        if (all.All(result => result.Predictions is null))
            return [];
        string[] names =
        [
            .. Known.Keys, Agreement,
            .. all.SelectMany(result => result.Measures?.Keys ?? []).Distinct().Where(name => !Known.ContainsKey(name) && !Left.Contains(name))
                .Order(StringComparer.Ordinal),
        ];
        return [new(
            "Other measures", 4, ["task", "optimizer", "rows", "algorithm", .. names.Select(name => Known.GetValueOrDefault(name).Title ?? name)],
            [.. from cell in cells
                from contender in contenders
                select new[] { cell.Key.Task, cell.Key.Optimizer, $"{cell.Key.Rows}", contender.Title }
                    .Concat(names.Select(name => Cell(cell, contender, name))).ToArray()],
            "The base's mean over the seeds, and the others' difference from it with its 95 % interval over the seeds. Loss: cross-entropy of the " +
            "test rows; ECE: expected calibration error in %; fitted: at the temperature that fits the validation rows best; agreement: share of " +
            "test rows in % that two seeds label alike, mean over pairs of seeds; the rest: score in % on other rows")];
    }

    private static string Cell(IEnumerable<TrialResult> cell, Contender contender, string name)
    {
        var (_, factor, format) = Known.GetValueOrDefault(name, (name, 100, "F1"));
        if (name == Agreement)
            return Of(cell, contender) is { } agreement ? Number(factor * agreement, format) : "";
        var pairs = Compared.Pairs(cell, contender).Select(pair => (Base: Value(pair.Base, name), Other: Value(pair.Other, name)))
            .Where(pair => pair is { Base: not null, Other: not null }).ToList();
        if (pairs.Count == 0)
            return "";
        if (contender == Contender.Base)
            return Number(factor * pairs.Average(pair => pair.Base!.Value), format);
        var difference = PairedDifference.Of([.. pairs.Select(pair => factor * (pair.Other!.Value - pair.Base!.Value))]);
        return $"{(difference.Mean > 0 ? "+" : "")}{Number(difference.Mean, format)}" +
            (double.IsNaN(difference.HalfWidth) ? "" : $" ± {Number(difference.HalfWidth, format)}");
    }

    private static double? Of(IEnumerable<TrialResult> cell, Contender contender)
    {
        string[] runs = [.. cell.Where(result => result.Trial.Contender == contender.Name).Select(result => result.Predictions).OfType<string>()];
        return runs.Length < 2 ? null : runs.SelectMany((one, i) => runs[(i + 1)..].Select(other => PredictedLabels.Agreement(one, other))).Average();
    }

    private static double? Value(TrialResult result, string name) =>
        name == "loss" ? result.Loss : result.Measures is { } measures && measures.TryGetValue(name, out var value) ? value : null;
}
