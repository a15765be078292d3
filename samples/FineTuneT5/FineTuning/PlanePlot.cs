using System.Globalization;
using SamSharp.Samples.FineTuneT5.Reporting;
using ScottPlot;

namespace SamSharp.Samples.FineTuneT5.FineTuning;

/// <summary>Draws the loss over a plane through the weights of each kind of run, side by side and in the same colors: the ball in which SAM looks,
/// and the worst point that was found in it.</summary>
public static class PlanePlot
{
    private const int Width = 720;
    private const int Height = 640;
    private const float FontSize = 17;

    /// <summary>The first run of each name; the others are alike.</summary>
    public static void Save(string path, string title, IReadOnlyList<Landscape> landscapes)
    {
        Landscape[] shown = [.. landscapes.DistinctBy(landscape => landscape.Name)];
        var losses = shown.SelectMany(landscape => landscape.Plane.Losses.SelectMany(row => row)).Where(double.IsFinite).ToArray();
        var range = losses.Length == 0 ? new ScottPlot.Range(0, 1) : new ScottPlot.Range(losses.Min(), losses.Max());

        var plots = new Multiplot();
        plots.AddPlots(shown.Length);
        plots.Layout = new ScottPlot.MultiplotLayouts.Columns();
        for (var i = 0; i < shown.Length; i++) Draw(plots.GetPlot(i), $"{shown[i].Name}: {title}", shown[i], range);
        plots.SavePng(path, Width * shown.Length, Height);
    }

    private static void Draw(Plot plot, string title, Landscape landscape, ScottPlot.Range range)
    {
        var plane = landscape.Plane;
        var grid = new double[plane.Second.Count, plane.First.Count];
        for (var i = 0; i < plane.First.Count; i++)
        {
            for (var j = 0; j < plane.Second.Count; j++) grid[plane.Second.Count - 1 - j, i] = plane.Losses[i][j];
        }
        var map = plot.Add.Heatmap(grid);
        map.Colormap = new ScottPlot.Colormaps.Viridis();
        map.Position = new(plane.First[0], plane.First[^1], plane.Second[0], plane.Second[^1]);
        map.ManualRange = range;
        map.Smooth = true;
        var bar = plot.Add.ColorBar(map);
        bar.Label = "training loss, the same colors in all panels";
        bar.LabelStyle.FontSize = FontSize - 2;

        var ball = plot.Add.Circle(0, 0, landscape.Radius);
        (ball.LineColor, ball.LineWidth, ball.FillColor) = (Colors.White, 2, Colors.Transparent);
        Mark(plot, new(0, 0), MarkerShape.FilledCircle, "the weights");
        Mark(plot, new(landscape.Worst, 0), MarkerShape.Cross,
            string.Create(CultureInfo.InvariantCulture, $"worst point of the ball, radius {landscape.Radius:G3}: loss + {landscape.Rise:G3}"));
        plot.Axes.SquareUnits();
        plot.Axes.SetLimits(plane.First[0], plane.First[^1], plane.Second[0], plane.Second[^1]);
        plot.XLabel("towards the worst point, in units of weight", FontSize);
        plot.YLabel("a random direction, in units of weight", FontSize);
        plot.Title(title, FontSize);
        plot.ShowLegend(Alignment.LowerLeft);
        plot.Legend.FontSize = FontSize - 2;
        PlotFont.Use(plot);
        bar.LabelStyle.FontName = plot.Axes.Left.Label.FontName;
    }

    private static void Mark(Plot plot, Coordinates at, MarkerShape shape, string name)
    {
        var marker = plot.Add.Marker(at, shape, 14, Colors.Red);
        (marker.MarkerLineColor, marker.MarkerLineWidth, marker.LegendText) = (Colors.Red, 3, name);
    }
}
