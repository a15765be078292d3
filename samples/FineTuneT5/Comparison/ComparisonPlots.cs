using System.Globalization;
using SamSharp.Samples.FineTuneT5.Reporting;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace SamSharp.Samples.FineTuneT5.Comparison;

/// <summary>The plots of a comparison, each with a panel for each task and optimizer.</summary>
public sealed class ComparisonPlots(IReadOnlyList<Contender> contenders, IReadOnlyList<TrialResult> results, IReadOnlyList<SolutionSlice> slices)
{
    private const int PanelWidth = 640;
    private const int PanelHeight = 520;
    private const int MostColumns = 3;
    private const int CapSize = 6;
    private const int TitleSize = 18;

    /// <summary>Losses are kept with four digits after the point.</summary>
    private const double LeastLoss = 1e-4;

    // The ticks of a logarithm.
    private static NumericAutomatic Powers => new() { LabelFormatter = power => Math.Pow(10, power).ToString("G2", CultureInfo.InvariantCulture) };

    private IReadOnlyList<IGrouping<(string Task, string Optimizer), TrialResult>> Panels =>
        [.. results.GroupBy(result => (result.Trial.Task, result.Trial.Optimizer))
            .OrderBy(panel => panel.Key.Optimizer, StringComparer.Ordinal).ThenBy(panel => panel.Key.Task, StringComparer.Ordinal)];

    private bool OneOptimizer => results.Select(result => result.Trial.Optimizer).Distinct().Count() == 1;

    /// <summary>
    /// Each contender's score minus the base's on the same rows, by training-set size: a small point for each pair of runs, and the mean with
    /// its 95 % interval. The base is the line at 0.
    /// </summary>
    public void SaveScores(string path) => Save(path, Panels, (plot, panel) =>
    {
        RowCount[] sizes = [.. panel.Select(result => result.Trial.Rows).Distinct().OrderBy(rows => rows.Place)];
        Contender[] others = [.. contenders.Where(contender => contender != Contender.Base)];
        var zero = plot.Add.HorizontalLine(0, 2, PlotColors.Of(0));
        zero.LegendText = Contender.Base.Title;
        foreach (var (i, contender) in others.Index())
        {
            foreach (var (place, rows) in sizes.Index())
            {
                TrialResult[] cell = [.. panel.Where(result => result.Trial.Rows == rows)];
                if (!cell.Any(result => result.Trial.Contender == contender.Name))
                    continue;
                double[] differences = [.. Compared.Differences(cell, contender).Select(Points)];
                // Side by side, so that the intervals can be told apart.
                var x = place + (0.5 * (i - (0.5 * (others.Length - 1))) / others.Length);
                var color = PlotColors.Of(i + 1);
                double[] places = [.. differences.Select((_, n) => x + Spread(n, differences.Length))];
                var pairs = plot.Add.ScatterPoints(places, differences, color.WithAlpha(0.4));
                pairs.MarkerSize = 6;
                var summary = Compared.Score(cell, contender);
                if (!double.IsNaN(summary.HalfWidth))
                {
                    var interval = plot.Add.ErrorBar([x], [Points(summary.Mean)], [Points(summary.HalfWidth)]);
                    (interval.Color, interval.CapSize, interval.LineWidth) = (color, CapSize, 2);
                }
                var mean = plot.Add.Marker(x, Points(summary.Mean), MarkerShape.FilledDiamond, 12, color);
                if (place == 0)
                    mean.LegendText = contender.Title;
            }
        }
        plot.Axes.Bottom.TickGenerator = new NumericManual([.. sizes.Select((_, place) => (double)place)], [.. sizes.Select(rows => $"{rows}")]);
        plot.Axes.AutoScale();
        plot.Axes.SetLimitsX(-0.5, sizes.Length - 0.5);
        Finish(plot, $"{Title(panel.Key)}: {panel.First().Metric.Replace('_', ' ')} against the base", "training rows",
            "difference, points: pairs, mean, 95 % interval");
    });

    private static double Points(double share) => 100 * share;

    private static double Spread(int n, int count) => 0.1 * ((n / (double)Math.Max(1, count - 1)) - 0.5);

    /// <summary>Training loss at the largest size on a logarithmic scale, mean over the seeds.</summary>
    public void SaveCurves(string path) => Save(path, Panels, (plot, panel) =>
    {
        var largest = panel.Select(result => result.Trial.Rows).MaxBy(rows => rows.Place);
        var runs = panel.Where(result => result.Trial.Rows == largest && !result.Diverged).ToList();
        foreach (var (i, contender) in contenders.Index())
        {
            var points = runs.Where(result => result.Trial.Contender == contender.Name).SelectMany(result => result.Curve)
                .GroupBy(point => point.Step).OrderBy(step => step.Key).ToList();
            if (points.Count > 0)
                Draw(plot, contender, i, [.. points.Select(step => (double)step.Key)],
                    [.. points.Select(step => Math.Log10(Math.Max(LeastLoss, step.Average(point => point.Loss))))], markerSize: 0);
        }
        plot.Axes.Left.TickGenerator = Powers;
        Finish(plot, $"{Title(panel.Key)}: training loss on {largest} rows", "step", "training loss");
    });

    /// <summary>Sharpness at the end on a logarithmic scale, over all sizes and seeds; the line is where it began.</summary>
    public void SaveSharpness(string path) => Save(path, Panels, (plot, panel) =>
    {
        foreach (var (i, contender) in contenders.Index())
        {
            double[] logs = [.. panel.Where(result => result.Trial.Contender == contender.Name && result.SharpnessAfter > 0)
                .Select(result => Math.Log10(result.SharpnessAfter!.Value))];
            if (logs.Length == 0)
                continue;
            double[] places = [.. logs.Select((_, n) => i + (0.3 * ((n / (double)Math.Max(1, logs.Length - 1)) - 0.5)))];
            var points = plot.Add.ScatterPoints(places, logs, PlotColors.Of(i));
            points.MarkerSize = 5;
            var mean = plot.Add.Line(i - 0.3, logs.Average(), i + 0.3, logs.Average());
            (mean.Color, mean.LineWidth) = (PlotColors.Of(i), 3);
        }
        var start = Math.Max(double.Epsilon, panel.Average(result => result.SharpnessBefore));
        var before = plot.Add.HorizontalLine(Math.Log10(start), 1, Colors.Gray, LinePattern.Dashed);
        before.LegendText = "before training";
        plot.Axes.Bottom.TickGenerator = new NumericManual(
            [.. contenders.Select((_, i) => (double)i)],
            [.. contenders.Select(contender => contender.Title.Replace(", ", "\n", StringComparison.Ordinal))]);
        plot.Axes.Left.TickGenerator = Powers;
        plot.Axes.AutoScale();
        plot.Axes.SetLimitsX(-0.6, contenders.Count - 0.4);
        Finish(plot, $"{Title(panel.Key)}: sharpness of every run", "", "sharpness at the end; line: geometric mean");
    });

    /// <summary>Loss on the straight line through the base's solution and the contender's; training rows solid, test rows dashed.</summary>
    public void SaveSlices(string path) => Save(path, slices, (plot, slice) =>
    {
        var to = contenders.First(contender => contender.Name == slice.Contender);
        foreach (var (losses, pattern, name) in new[]
        {
            (slice.Train, LinePattern.Solid, "training rows"),
            (slice.Test, LinePattern.Dashed, "test rows"),
        })
        {
            var line = plot.Add.ScatterLine(losses.Positions.ToArray(), losses.Losses.ToArray(), PlotColors.Of(1));
            (line.LineWidth, line.LinePattern, line.LegendText) = (2, pattern, name);
        }
        plot.Add.VerticalLine(0, 1, PlotColors.Of(0), LinePattern.Dotted);
        plot.Add.VerticalLine(1, 1, PlotColors.Of(1), LinePattern.Dotted);
        plot.Axes.Bottom.TickGenerator = new NumericManual([0, 1], [Contender.Base.Title, to.Title]);
        Finish(plot, $"{slice.Task}: loss between two solutions", $"distance {slice.Distance.ToString("G3", CultureInfo.InvariantCulture)}", "loss");
    });

    private static void Draw(Plot plot, Contender contender, int index, double[] x, double[] y, int markerSize = 7)
    {
        var line = plot.Add.Scatter(x, y, PlotColors.Of(index));
        (line.LineWidth, line.MarkerSize, line.LegendText) = (2, markerSize, contender.Title);
    }

    private static void Finish(Plot plot, string title, string x, string y)
    {
        plot.Title(title, TitleSize);
        plot.XLabel(x);
        plot.YLabel(y);
        plot.Legend.Orientation = Orientation.Horizontal;
        plot.Legend.TightHorizontalWrapping = true; // a long name takes no room from the others
        plot.ShowLegend(Edge.Bottom); // below the data, so that it hides none
        PlotFont.Use(plot);
    }

    private static void Save<T>(string path, IReadOnlyList<T> panels, Action<Plot, T> draw)
    {
        var columns = Math.Min(MostColumns, panels.Count);
        var rows = (panels.Count + columns - 1) / columns;
        var plots = new Multiplot();
        plots.AddPlots(rows * columns);
        plots.Layout = new ScottPlot.MultiplotLayouts.Grid(rows, columns);
        foreach (var (i, panel) in panels.Index())
            draw(plots.GetPlot(i), panel);
        for (var i = panels.Count; i < rows * columns; i++)
            plots.GetPlot(i).HideAxesAndGrid(); // an empty one covers what the panel above leaves there
        plots.SavePng(path, columns * PanelWidth, rows * PanelHeight);
    }

    private string Title((string Task, string Optimizer) panel) => OneOptimizer ? panel.Task : $"{panel.Task}, {panel.Optimizer}";
}
