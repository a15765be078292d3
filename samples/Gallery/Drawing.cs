using System.Globalization;
using ScottPlot;
using ScottPlot.Plottables;
using ScottPlot.TickGenerators;

namespace SamSharp.Samples.Gallery;

/// <summary>What all pictures share: font, colors, contours.</summary>
internal static class Drawing
{
    public const string FontName = "Plot Sans";
    private const int Levels = 12;

    /// <summary>The room of a color bar with its numbers and its label.</summary>
    private const float BarSize = 100;

    static Drawing() => Fonts.AddFontFile(FontName, Path.Combine(AppContext.BaseDirectory, "PlotSans.ttf"), bold: false, italic: false);

    public static Color Base { get; } = Color.FromHex("#D55E00");

    public static Color Sam { get; } = Color.FromHex("#0072B2");

    public static Color Ink { get; } = Color.FromHex("#222222");

    /// <summary>Values between those of a grid, linear between neighbors.</summary>
    public static double[,] Finer(double[,] grid, int factor)
    {
        var (rows, columns) = (((grid.GetLength(0) - 1) * factor) + 1, ((grid.GetLength(1) - 1) * factor) + 1);
        var finer = new double[rows, columns];
        for (var i = 0; i < rows; i++)
        {
            for (var j = 0; j < columns; j++)
            {
                var (row, column) = (Math.Min(i / factor, grid.GetLength(0) - 2), Math.Min(j / factor, grid.GetLength(1) - 2));
                var (down, right) = ((i / (double)factor) - row, (j / (double)factor) - column);
                var above = double.Lerp(grid[row, column], grid[row, column + 1], right);
                finer[i, j] = double.Lerp(above, double.Lerp(grid[row + 1, column], grid[row + 1, column + 1], right), down);
            }
        }
        return finer;
    }

    /// <summary>Draws a grid of values as filled contours; the first row is the top.</summary>
    public static Heatmap Contours(Plot plot, double[,] grid, CoordinateRect window, double lowest, double highest)
    {
        var (rows, columns) = (grid.GetLength(0), grid.GetLength(1));
        var shades = new double[rows, columns];
        for (var i = 0; i < rows; i++)
        {
            for (var j = 0; j < columns; j++)
            {
                var height = Math.Clamp((grid[i, j] - lowest) / (highest - lowest), 0, 1);
                shades[i, j] = Math.Min(Math.Floor(Math.Sqrt(height) * Levels), Levels - 1); // more levels where the loss is low
            }
        }
        var map = plot.Add.Heatmap(shades);
        map.Colormap = new Shades();
        map.Extent = window;
        map.ManualRange = new(0, Levels - 1);
        plot.Axes.SetLimits(window.Left, window.Right, window.Bottom, window.Top);
        return map;
    }

    /// <summary>Says which losses the shades of contours are.</summary>
    public static void Scale(Plot plot, Heatmap contours, string label, double lowest, double highest)
    {
        var bar = plot.Add.ColorBar(contours);
        double[] levels = [.. Enumerable.Range(0, Levels).Select(level => (double)level)];
        bar.Axis.TickGenerator = new NumericManual(levels, [.. levels.Select(level =>
            (lowest + ((highest - lowest) * level * level / (Levels * Levels))).ToString("G2", CultureInfo.InvariantCulture))]);
        bar.Label = label;
        (bar.LabelStyle.FontName, bar.LabelStyle.FontSize) = (FontName, 15);
        (bar.MinimumSize, bar.MaximumSize) = (BarSize, BarSize);
    }

    /// <summary>Draws a way through the plane, with a ring at its start and a dot at its end.</summary>
    public static void Way(Plot plot, IReadOnlyList<Coordinates> points, Color color, string? legend = null, float width = 2)
    {
        var line = plot.Add.Scatter(points.ToArray(), color);
        (line.LineWidth, line.MarkerSize) = (width, 0);
        if (legend is not null) line.LegendText = legend;
        plot.Add.Marker(points[0], MarkerShape.OpenCircle, 3.5f * width, Ink);
        plot.Add.Marker(points[^1], MarkerShape.FilledCircle, 4 * width, color);
    }

    public static void Finish(Plot plot, string title, float size = 15)
    {
        plot.Title(title, size);
        plot.Font.Set(FontName);
    }

    /// <summary>Dark where the loss is low, nearly white where it is high.</summary>
    private sealed class Shades : IColormap
    {
        private static readonly Color Low = Color.FromHex("#7A8CA3"), High = Color.FromHex("#FBFBF8");

        public string Name => nameof(Shades);

        public Color GetColor(double position) => Low.InterpolateRgb(High, position);
    }
}
