using System.Globalization;
using SamSharp.Benchmarks.Racing;
using SamSharp.Benchmarks.Shapes;
using TorchSharp;

namespace SamSharp.Benchmarks.Ratios;

/// <summary>The ratios that the update is held to, all measured in one run on the CPU.</summary>
internal static class RatiosVerb
{
    private const int Rounds = 9;
    private const string OfTelemetry = "Telemetry";

    /// <summary>All parts. The tiny one first: whatever a process needs once is then in memory, and is not counted as an optimizer's.</summary>
    private static readonly string[] Parts = [$"{ShapeSet.Tiny}", $"{ShapeSet.T5Small}", OfTelemetry];

    /// <param name="arguments">Names of parts; all if there are none.</param>
    /// <returns>0 if every goal is met, 1 if any is not; null if there is no such part.</returns>
    public static int? Run(string[] arguments)
    {
        if (arguments.Except(Parts).Any()) return null;
        torch.set_num_threads(Math.Min(2, Environment.ProcessorCount));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{Environment.ProcessorCount} processors, {torch.get_num_threads()} threads; medians of {Rounds} rounds, all contenders in turn, the " +
                $"second of two runs timed"));

        var ratios = new List<Ratio>();
        foreach (var part in Parts.Where(part => arguments.Length == 0 || arguments.Contains(part)))
        {
            var (text, found) = part == OfTelemetry ? RunTelemetry() : RunUpdates(Enum.Parse<ShapeSet>(part));
            Console.WriteLine();
            Console.WriteLine(text);
            ratios.AddRange(found);
        }

        Console.WriteLine();
        return Ratio.Report(ratios);
    }

    private static (string Text, Ratio[] Ratios) RunUpdates(ShapeSet shapes)
    {
        using var race = new UpdateRace(shapes);
        race.Run(Rounds);
        return (race.Describe(), [.. race.Ratios()]);
    }

    private static (string Text, Ratio[] Ratios) RunTelemetry()
    {
        using var race = new Telemetry();
        race.Run(Rounds);
        return (race.Describe(), [.. race.Ratios()]);
    }
}
