using System.Globalization;
using SamSharp.Samples.FineTuneT5.Reporting;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace SamSharp.Samples.FineTuneT5.FineTuning;

/// <summary>Draws the loss over a plane through the weights of each kind of run, side by side and in the same colors: the ball in which SAM looks,
/// and the worst point that was found in it.</summary>
public static class PlanePlot
{
    private const int Width = 780;
    private const int Height = 680;
    private const float FontSize = 17;

    /// <summary>The room of the color bar with its numbers and its label.</summary>
    private const float BarSize = 115;

    private const int BarTicks = 6;

    /// <param name="path">The file.</param>
    /// <param name="title">The model and the data.</param>
    /// <param name="landscapes">Those of the runs; the first of each name is drawn, as the others are alike.</param>
    public static void Save(string path, string title, IReadOnlyList<Landscape> landscapes)
    {
        Landscape[] shown = [.. landscapes.DistinctBy(landscape => landscape.Name)];
        var losses = shown.SelectMany(landscape => landscape.Plane.Losses.SelectMany(row => row)).Where(double.IsFinite).ToArray();
        var range = losses.Length == 0 ? new ScottPlot.Range(0, 1) : new ScottPlot.Range(losses.Min(), losses.Max());
        var extent = shown.Max(landscape => Math.Max(landscape.Plane.First[^1], landscape.Plane.Second[^1]));

        var plots = new Multiplot();
        plots.AddPlots(shown.Length);
        plots.Layout = new ScottPlot.MultiplotLayouts.Columns();
        for (var i = 0; i < shown.Length; i++)
        {
            Draw(plots.GetPlot(i), shown[i], range, shown.Length > 1 ? "training loss, the same colors in all panels" : "training loss");
            plots.GetPlot(i).Axes.SquareUnits();
            plots.GetPlot(i).Axes.SetLimits(-extent, extent, -extent, extent); // the same scale, whatever their radii
            plots.GetPlot(i).Title($"training loss around the weights after {shown[i].Name}\n{title}", FontSize);
        }
        plots.SavePng(path, Width * shown.Length, Height);
    }

    private static void Draw(Plot plot, Landscape landscape, ScottPlot.Range range, string label)
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
        bar.Label = label;
        bar.LabelStyle.FontSize = FontSize - 2;
        (bar.MinimumSize, bar.MaximumSize) = (BarSize, BarSize);
        double[] ticks = [.. Enumerable.Range(0, BarTicks).Select(i => range.Min + ((range.Max - range.Min) * i / (BarTicks - 1)))];
        bar.Axis.TickGenerator = new NumericManual(ticks, [.. ticks.Select(Text)]);

        var ball = plot.Add.Circle(0, 0, landscape.Radius);
        (ball.LineColor, ball.LineWidth, ball.FillColor) = (Colors.White, 2, Colors.Transparent);
        var loss = plane.Losses[plane.First.Count / 2][plane.Second.Count / 2]; // the places are symmetric
        Mark(plot, new(0, 0), MarkerShape.FilledCircle, $"the weights: loss {Text(loss)}");
        Mark(plot, new(landscape.Worst, 0), MarkerShape.Eks,
            $"the worst point within {Text(landscape.Radius)} of them (the circle): loss {Text(loss + landscape.Rise)}");
        plot.XLabel("towards the worst point, in units of weight", FontSize);
        plot.YLabel("a random direction, in units of weight", FontSize);
        plot.ShowLegend(Alignment.LowerLeft);
        plot.Legend.FontSize = FontSize - 2;
        PlotFont.Use(plot);
        bar.LabelStyle.FontName = plot.Axes.Left.Label.FontName;
    }

    private static string Text(double value) => value.ToString("G3", CultureInfo.InvariantCulture);

    private static void Mark(Plot plot, Coordinates at, MarkerShape shape, string name)
    {
        var marker = plot.Add.Marker(at, shape, 14, Colors.Red);
        (marker.MarkerLineColor, marker.MarkerLineWidth, marker.LegendText) = (Colors.Red, 3, name);
    }
}
