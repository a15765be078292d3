using System.Globalization;
using SamSharp.Analysis;
using SamSharp.Samples.FineTuneT5.Reporting;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace SamSharp.Samples.FineTuneT5.FineTuning;

/// <summary>Draws the loss around the weights of several runs side by side: three slices, and the density of the Hessian's eigenvalues.</summary>
public static class LandscapePlot
{
    private const int Width = 1300;
    private const int Height = 960;

    /// <summary>Lower densities are not visible in the plot.</summary>
    private const double Floor = 1e-5;

    public static void Save(string path, string title, IReadOnlyList<Landscape> landscapes)
    {
        var plots = new Multiplot();
        plots.AddPlots(4);
        plots.Layout = new ScottPlot.MultiplotLayouts.Grid(2, 2);
        Slices(plots.GetPlot(0), $"{title}: random direction", "step, in norms of the filters", landscapes, landscape => landscape.Random);
        Slices(plots.GetPlot(1), "gradient direction", "step, in units of weight", landscapes, landscape => landscape.Gradient);
        Slices(plots.GetPlot(2), "top eigenvector of the Hessian", "step, in units of weight", landscapes, landscape => landscape.Eigenvector);
        Spectrum(plots.GetPlot(3), landscapes);
        plots.SavePng(path, Width, Height);
    }

    private static void Slices(Plot plot, string title, string label, IReadOnlyList<Landscape> landscapes, Func<Landscape, LossSlice> slice)
    {
        Lines(plot, landscapes, landscape => ([.. slice(landscape).Positions], [.. slice(landscape).Losses]), landscape => landscape.Name);
        plot.Title(title);
        plot.XLabel(label);
        plot.YLabel("training loss");
        plot.ShowLegend(Alignment.UpperCenter);
        PlotFont.Use(plot);
    }

    private static void Spectrum(Plot plot, IReadOnlyList<Landscape> landscapes)
    {
        var width = (landscapes.Max(landscape => landscape.Spectrum.Largest) - landscapes.Min(landscape => landscape.Spectrum.Smallest)) / 100;
        Lines(plot, landscapes,
            landscape =>
            {
                var (x, density) = landscape.Spectrum.Curve(width: width);
                return (x, Array.ConvertAll(density, value => Math.Log10(Math.Max(value, Floor))));
            },
            landscape => $"{landscape.Name}, largest {landscape.LargestEigenvalue.ToString("G3", CultureInfo.InvariantCulture)}");
        plot.Axes.Left.TickGenerator = new NumericAutomatic
        {
            IntegerTicksOnly = true,
            LabelFormatter = power => Math.Pow(10, power).ToString("G3", CultureInfo.InvariantCulture),
        };
        plot.Axes.AutoScale();
        plot.Axes.SetLimitsY(Math.Log10(Floor), plot.Axes.GetLimits().Top);
        plot.Title("eigenvalues of the Hessian");
        plot.XLabel("eigenvalue");
        plot.YLabel("density");
        plot.ShowLegend(Alignment.UpperRight);
        PlotFont.Use(plot);
    }

    private static void Lines(
        Plot plot, IReadOnlyList<Landscape> landscapes, Func<Landscape, (double[] X, double[] Y)> points, Func<Landscape, string> legend)
    {
        var names = landscapes.Select(landscape => landscape.Name).Distinct().ToList();
        foreach (var landscape in landscapes)
        {
            var (x, y) = points(landscape);
            var line = plot.Add.ScatterLine(x, y, PlotColors.Of(names.IndexOf(landscape.Name)));
            line.LineWidth = 2;
            if (ReferenceEquals(landscape, landscapes.First(other => other.Name == landscape.Name)))
                line.LegendText = legend(landscape);
        }
    }
}
