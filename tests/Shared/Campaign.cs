using System.Globalization;

namespace SamSharp.Tests.Support;

/// <summary>
/// The campaign of faults: tests with the trait "Reliability" make as many trials as this says, and tell it what they found. Its long
/// form is switched on with SAMSHARP_RELIABILITY=long, which is read here alone; <c>.ci/reliability</c> runs either form and collects the figures.
/// </summary>
internal static class Campaign
{
    private static readonly Lock Lock = new();
    private static readonly string Figures = Path.Combine(AppContext.BaseDirectory, "reliability.txt");
    private static readonly SortedDictionary<string, (long Trials, string Outcome)> Found = new(StringComparer.Ordinal);

    /// <summary>Whether the campaign may take an hour rather than three minutes.</summary>
    public static bool IsLong { get; } = Environment.GetEnvironmentVariable("SAMSHARP_RELIABILITY") == "long";

    /// <summary>How long a stress test trains.</summary>
    public static TimeSpan StressTime { get; } = IsLong ? TimeSpan.FromMinutes(10) : TimeSpan.FromSeconds(6);

    /// <summary>A number of trials, ten times as many in the long form.</summary>
    public static int Trials(int inShortForm) => IsLong ? 10 * inShortForm : inShortForm;

    /// <summary>Keeps a figure: what was done how often, which adds up, and what came of it.</summary>
    public static void Record(string what, long trials, string outcome)
    {
        lock (Lock)
        {
            Found[what] = (Found.GetValueOrDefault(what).Trials + trials, outcome);
            File.WriteAllLines(Figures, Found.Select(figure => string.Create(CultureInfo.InvariantCulture,
                $"{figure.Key}: {figure.Value.Trials:N0}, {figure.Value.Outcome}")));
        }
    }
}
