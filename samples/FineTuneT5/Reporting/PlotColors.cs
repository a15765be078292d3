using ScottPlot;

namespace SamSharp.Samples.FineTuneT5.Reporting;

/// <summary>Colors for all kinds of color vision: gray for the reference, then the palette of Okabe and Ito.</summary>
public static class PlotColors
{
    private static readonly Color[] All =
    [
        Color.FromHex("#777777"), Color.FromHex("#0072B2"), Color.FromHex("#D55E00"), Color.FromHex("#009E73"),
        Color.FromHex("#CC79A7"), Color.FromHex("#E69F00"), Color.FromHex("#56B4E9"), Color.FromHex("#000000"),
    ];

    public static Color Of(int index) => All[index % All.Length];
}
