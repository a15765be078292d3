using System.Globalization;
using SamSharp.Samples.FineTuneT5.Reporting;
using Spectre.Console;

namespace SamSharp.Samples.FineTuneT5.FineTuning;

/// <summary>One row per run; with several seeds also mean and standard deviation.</summary>
public static class ResultTable
{
    public static Table Of(IReadOnlyList<RunResult> results)
    {
        var first = results[0];
        var table = new Table().Border(TableBorder.Rounded)
            .Caption($"{first.MainMetric.Replace('_', ' ')} in % and loss on {first.HeldOut} rows; sharpness at rho " +
                $"{first.SharpnessRho.ToString(CultureInfo.InvariantCulture)}")
            .AddColumn(new TableColumn("run").NoWrap())
            .AddColumn(new TableColumn("seed").RightAligned())
            .AddColumn(new TableColumn(first.MainMetric.Replace('_', ' ')).RightAligned().NoWrap())
            .AddColumn(new TableColumn("loss").RightAligned().NoWrap())
            .AddColumn(new TableColumn("sharpness").RightAligned().NoWrap())
            .AddColumn(new TableColumn("ms/step").RightAligned().NoWrap());
        foreach (var result in results)
            table.AddRow(Cells(result.Name, $"{result.Seed}", [result], (values, format) => Show(values[0], format)));
        var groups = results.GroupBy(result => result.Name).Where(group => group.Count() > 1).ToList();
        if (groups.Count > 0)
            table.AddEmptyRow();
        foreach (var group in groups)
            table.AddRow(Cells(group.Key, "mean", [.. group], MeanAndDeviation));
        return table;
    }

    private static string[] Cells(string name, string seed, RunResult[] results, Func<double[], string, string> show) =>
    [
        Markup.Escape(name),
        seed,
        show([.. results.Select(result => 100 * result.Score)], "F1"),
        show([.. results.Select(result => result.Loss)], "F4"),
        show([.. results.Select(result => result.Sharpness)], "G3"),
        show([.. results.Select(result => result.StepMilliseconds)], "F0"),
    ];

    private static string MeanAndDeviation(double[] values, string format)
    {
        var (mean, deviation) = Sample.Of(values);
        return $"{Show(mean, format)} ± {Show(deviation, format)}";
    }

    private static string Show(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
