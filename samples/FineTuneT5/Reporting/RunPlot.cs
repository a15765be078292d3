using ScottPlot;

namespace SamSharp.Samples.FineTuneT5.Reporting;

/// <summary>Draws training loss and held-out score of the runs side by side.</summary>
public static class RunPlot
{
    private const int Width = 1200;
    private const int Height = 480;

    public static void Save(string path, string title, string metric, IReadOnlyList<RunCurve> curves)
    {
        var name = metric.Replace('_', ' ');
        var plots = new Multiplot();
        plots.AddPlots(2);
        plots.Layout = new ScottPlot.MultiplotLayouts.Columns();
        Draw(plots.GetPlot(0), $"{title}: training loss", "cross-entropy", Alignment.UpperRight, curves, "train", "loss");
        var legend = metric.EndsWith("loss", StringComparison.Ordinal) ? Alignment.UpperRight : Alignment.LowerRight;
        Draw(plots.GetPlot(1), $"{title}: dev {name}", name, legend, curves, "dev", metric);
        plots.SavePng(path, Width, Height);
    }

    private static void Draw(Plot plot, string title, string label, Alignment legend, IReadOnlyList<RunCurve> curves, string split, string metric)
    {
        var names = curves.Select(curve => curve.Name).Distinct().ToList();
        foreach (var curve in curves)
        {
            var (steps, values) = curve.Of(split, metric);
            if (steps.Length == 0)
                continue;
            var line = plot.Add.Scatter(steps, values, PlotColors.Of(names.IndexOf(curve.Name)));
            line.LineWidth = 2;
            line.MarkerSize = split == "train" ? 0 : 7;
            if (ReferenceEquals(curve, curves.First(other => other.Name == curve.Name)))
                line.LegendText = curve.Name;
        }
        if (split != "train")
            KeepSpan(plot);
        plot.Title(title);
        plot.XLabel("step");
        plot.YLabel(label);
        plot.ShowLegend(legend);
        PlotFont.Use(plot);
    }

    /// <summary>The minimum range of the axis, so that a flat curve is not magnified.</summary>
    private static void KeepSpan(Plot plot)
    {
        const double half = 0.05;
        plot.Axes.AutoScale();
        var limits = plot.Axes.GetLimits();
        var values = plot.Axes.GetDataLimits();
        if (values.Top - values.Bottom < 2 * half)
            plot.Axes.SetLimitsY(limits.VerticalCenter - half, limits.VerticalCenter + half);
    }
}
