using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using SamSharp.Benchmarks.Racing;
using SamSharp.Benchmarks.Shapes;
using SamSharp.Benchmarks.Workloads;
using TorchSharp;

namespace SamSharp.Benchmarks.Ratios;

/// <summary>The update beside PyTorch's, in alternating runs on the same machine.</summary>
internal static partial class PyTorchVerb
{
    private const int Runs = 5, Rounds = 3, Threads = 2;

    private const string PyTorch = "PyTorch: ";

    /// <returns>0 if the goal is met, 1 if not; null without the command that starts pytorch/t5_update.py.</returns>
    /// <exception cref="InvalidOperationException">The command fails, or prints something else.</exception>
    public static int? Run(string[] command)
    {
        if (command.Length == 0) return null;
        torch.set_num_threads(Threads);
        using var set = new ParameterSet(ShapeSet.T5Small);
        using var sam = Bases.Sam(Bases.FusedAdamW(set));
        Contender
            plain = new("FusedAdamW.step()", set.SetGradients, () => sam.BaseOptimizer.step()),
            whole = new("SAM, FusedAdamW", set.SetGradients, sam.Ascend, sam.Descend);
        var times = new Dictionary<string, List<double>>();
        Console.WriteLine($"T5-small, {Threads} threads; medians of {Runs} alternating runs of {Rounds} rounds");
        for (var run = 0; run < Runs; run++)
        {
            var output = OutputOf([.. command, "--rounds", $"{Rounds}", "--threads", $"{Threads}"]);
            if (run == 0) Console.WriteLine(output.Split('\n')[0]);
            foreach (Match line in Time().Matches(output))
                Add($"{PyTorch}{line.Groups[1].Value}", double.Parse(line.Groups[2].Value, CultureInfo.InvariantCulture));
            Race.Run([plain, whole], Rounds);
            foreach (var contender in new[] { plain, whole }) Add(contender.Name, contender.Milliseconds);
        }

        var medians = times.ToDictionary(pair => pair.Key, pair => Contender.Median(pair.Value));
        foreach (var (name, milliseconds) in medians) Print(name, milliseconds);
        var best = medians.Where(pair => pair.Key.StartsWith($"{PyTorch}SAM, ", StringComparison.Ordinal)).MinBy(pair => pair.Value);
        return best.Key is null ? throw new InvalidOperationException($"{string.Join(' ', command)} printed no update with SAM.")
            : Ratio.Report([new($"{whole.Name} / {best.Key}", medians[whole.Name] / best.Value, 0.6)]);

        void Add(string name, double milliseconds)
        {
            if (!times.TryGetValue(name, out var known)) times.Add(name, known = []);
            known.Add(milliseconds);
        }
    }

    private static void Print(string name, double milliseconds) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {name,-60} {milliseconds,8:0.0} ms"));

    private static string OutputOf(string[] command)
    {
        using var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output
            : throw new InvalidOperationException($"{string.Join(' ', command)} ended with exit code {process.ExitCode}.");
    }

    [GeneratedRegex(@"^  (\S.*?) +(\d+\.\d) ms\r?$", RegexOptions.Multiline)]
    private static partial Regex Time();
}
