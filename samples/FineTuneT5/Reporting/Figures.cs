using System.Globalization;

namespace SamSharp.Samples.FineTuneT5.Reporting;

/// <summary>Numbers as reports show them.</summary>
internal static class Figures
{
    private const double SmallP = 0.01;

    /// <summary>A number in a format, with a point whatever the culture is.</summary>
    public static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    /// <summary>A share in percent.</summary>
    public static string Percent(double share, string format = "F1") => Number(100 * share, format);

    /// <summary>A difference of shares in points, with its sign.</summary>
    public static string Points(double difference) => Percent(difference, "+0.0;-0.0;0.0");

    /// <summary>A difference of shares in points, with half of its interval if there is one.</summary>
    public static string Points(double difference, double halfWidth) =>
        Points(difference) + (double.IsNaN(halfWidth) ? "" : $" ± {Percent(halfWidth)}");

    /// <summary>A p-value; nothing where there was no test.</summary>
    public static string PValue(double value) => double.IsNaN(value) ? "" : Number(value, value < SmallP ? "F3" : "F2");

    /// <summary>The geometric mean of the ratios of those pairs whose numbers are positive, and how many these are; NaN where there are
    /// none.</summary>
    public static (double Mean, int Count) MeanRatio(IEnumerable<(double? Other, double? Base)> pairs)
    {
        double[] logarithms =
            [.. pairs.Where(pair => pair is { Other: > 0, Base: > 0 }).Select(pair => Math.Log(pair.Other!.Value / pair.Base!.Value))];
        return (logarithms.Length == 0 ? double.NaN : Math.Exp(logarithms.Average()), logarithms.Length);
    }
}
