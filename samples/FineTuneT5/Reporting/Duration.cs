using System.Globalization;

namespace SamSharp.Samples.FineTuneT5.Reporting;

/// <summary>Formats durations.</summary>
internal static class Duration
{
    /// <summary>1:05, 2:01:05 or 3 days.</summary>
    public static string Text(TimeSpan time) => time.ToString(
        time.TotalHours < 1 ? "m\\:ss" : time.TotalDays < 1 ? "h\\:mm\\:ss" : "d' days'", CultureInfo.InvariantCulture);
}
