using System.Globalization;

namespace SamSharp.Benchmarks.Ratios;

/// <summary>The memory of this process that is in physical memory, whoever allocated it, as Linux counts it.</summary>
internal static class ProcessMemory
{
    /// <summary>Bytes now.</summary>
    public static long Resident => Read("VmRSS:");

    /// <summary>The most there have been since <see cref="ResetPeak"/>.</summary>
    public static long Peak => Read("VmHWM:");

    public static void ResetPeak() => File.WriteAllText("/proc/self/clear_refs", "5");

    private static long Read(string field)
    {
        var line = File.ReadLines("/proc/self/status").Single(line => line.StartsWith(field, StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2].Split('\t')[^1], CultureInfo.InvariantCulture);
    }
}
