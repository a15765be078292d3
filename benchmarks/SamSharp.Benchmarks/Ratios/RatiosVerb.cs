using System.Globalization;
using SamSharp.Benchmarks.Racing;
using SamSharp.Benchmarks.Shapes;
using TorchSharp;

namespace SamSharp.Benchmarks.Ratios;

/// <summary>The ratios that the update is held to, all measured in one run on the CPU.</summary>
internal static class RatiosVerb
{
    private const int Rounds = 9;

    /// <returns>0 if every goal is met, 1 if any is not; null if there are arguments, as it takes none.</returns>
    public static int? Run(string[] arguments)
    {
        if (arguments.Length > 0) return null;
        torch.set_num_threads(Math.Min(2, Environment.ProcessorCount));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{Environment.ProcessorCount} processors, {torch.get_num_threads()} threads; medians of {Rounds} rounds, all contenders in turn, the " +
                $"second of two runs timed"));

        var ratios = new List<Ratio>();
        // The tiny ones first: whatever a process needs once is then in memory, and is not counted as an optimizer's.
        foreach (var shapes in new[] { ShapeSet.Tiny, ShapeSet.T5Small })
        {
            using var race = new UpdateRace(shapes);
            race.Run(Rounds);
            Console.WriteLine();
            Console.WriteLine(race.Describe());
            ratios.AddRange(race.Ratios());
        }

        Console.WriteLine();
        return Ratio.Report(ratios);
    }
}
