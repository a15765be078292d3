using System.Globalization;
using SamSharp.Samples.T5.Training;

namespace SamSharp.Samples.FineTuneT5.Setup;

/// <summary>Refuses a model that is too large to train in the available memory before anything is allocated.</summary>
public static class MemoryCheck
{
    /// <summary>Bytes that a run needs regardless of the batch: weights, gradients, optimizer state and the copy during the ascent.</summary>
    public static double Required(long parameterCount, TrainingOptions options, int bytesPerWeight)
    {
        if (options.LoraRank is not null)
            return (double)parameterCount * bytesPerWeight; // what else there is is small
        var copies = 2 + OptimizerCatalog.StatePerWeight(options.Optimizer) + (options.Rho > 0 ? 1 : 0);
        return (double)parameterCount * copies * bytesPerWeight;
    }

    /// <exception cref="InsufficientMemoryException">There is too little memory.</exception>
    public static void Require(string model, long parameterCount, TrainingOptions options, int bytesPerWeight)
    {
        var (required, available) = (Required(parameterCount, options, bytesPerWeight), Available());
        if (required > available)
        {
            throw new InsufficientMemoryException(
                $"Model '{model}' has {parameterCount / 1e6:N0} M weights and needs at least {Gigabytes(required)} to train with " +
                $"{options.Optimizer}, but {Gigabytes(available)} are free: use a smaller model, --dtype bfloat16 or --optimizer adafactor.");
        }
    }

    private static string Gigabytes(double bytes) => $"{bytes / 1e9:N1} GB";

    private static double Available()
    {
        const string memoryInfo = "/proc/meminfo";
        // .NET reports the memory of the container or machine; on Linux the kernel also reports what is free.
        double limit = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (!File.Exists(memoryInfo))
            return limit;
        var line = File.ReadLines(memoryInfo).FirstOrDefault(entry => entry.StartsWith("MemAvailable:", StringComparison.Ordinal));
        return line is null
            ? limit
            : Math.Min(limit, 1024 * double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture));
    }
}
