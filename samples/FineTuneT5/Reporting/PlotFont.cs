using ScottPlot;

namespace SamSharp.Samples.FineTuneT5.Reporting;

/// <summary>The font of the plots, bundled because a fresh container has no font and would draw no text.</summary>
public static class PlotFont
{
    private const string Name = "Plot Sans";

    static PlotFont()
        => Fonts.AddFontFile(Name, Path.Combine(AppContext.BaseDirectory, "Artifacts", "fonts", "PlotSans.ttf"), bold: false, italic: false);

    public static void Use(Plot plot) => plot.Font.Set(Name);
}
