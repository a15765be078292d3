using ScottPlot;

namespace SamSharp.Samples.Gallery;

/// <summary>What all pictures share: font, colors, contours.</summary>
internal static class Drawing
{
    public const string FontName = "Plot Sans";
    private const int Levels = 12;

    static Drawing() => Fonts.AddFontFile(FontName, Path.Combine(AppContext.BaseDirectory, "PlotSans.ttf"), bold: false, italic: false);

    public static Color Base { get; } = Color.FromHex("#D55E00");

    public static Color Sam { get; } = Color.FromHex("#0072B2");

    public static Color Ink { get; } = Color.FromHex("#222222");

    /// <summary>Draws a grid of values as filled contours; the first row is the top.</summary>
    public static void Contours(Plot plot, double[,] grid, CoordinateRect window, double lowest, double highest)
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
