using System.Globalization;
using SamSharp.Benchmarks.Racing;
using TorchSharp;
using static TorchSharp.torch;

namespace SamSharp.Benchmarks.Training;

/// <summary>What a whole training step with SAM costs as a multiple of a plain one, all measured in one run on the CPU.</summary>
internal static class TrainingVerb
{
    private const int Rounds = 5;
    private const int Threads = 2;

    /// <returns>0 if every goal is met, 1 if any is not; null for arguments other than numbers of rounds and threads.</returns>
    public static int? Run(string[] arguments)
    {
        if (arguments.Length == 0) return Run(Rounds, Math.Min(Threads, Environment.ProcessorCount));
        return arguments is [var first, var second]
            && int.TryParse(first, out var rounds) && int.TryParse(second, out var threads) && rounds > 0 && threads > 0
            ? Run(rounds, threads)
            : null;
    }

    private static int Run(int rounds, int threads)
    {
        torch.set_num_threads(threads);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"T5-small, 32 rows of 64 + 4 tokens; {Environment.ProcessorCount} processors, {threads} threads; medians of {rounds} " +
                $"rounds, all in turn"));

        using var work = new TrainingWorkload();
        TimedStep
            plain = new("plain, TorchSharp's AdamW", () => work.Plain(work.TorchAdamW.BaseOptimizer)),
            full = new("SAM, TorchSharp's AdamW", () => work.Full(work.TorchAdamW)),
            quarter = new("SAM from a quarter, TorchSharp's AdamW", () => work.Quarter(work.TorchAdamW)),
            plainFused = new("plain, FusedAdamW", () => work.Plain(work.FusedAdamW.BaseOptimizer)),
            fullFused = new("SAM, FusedAdamW", () => work.Full(work.FusedAdamW)),
            quarterFused = new("SAM from a quarter, FusedAdamW", () => work.Quarter(work.FusedAdamW)),
            straightforward = new("straightforward T5, TorchSharp's AdamW", work.PlainStraightforward),
            wholePass = new("forward and backward, 32 rows", work.WholePass),
            quarterPass = new("forward and backward, 8 rows", work.QuarterPass);

        using var narrow = new TrainingWorkload(ScalarType.BFloat16);
        var (cast, pure) = (Rows(work, "autocast", work.Autocasting), Rows(narrow, "bfloat16", step => step));
        TimedStep mixed = new("SAM, FusedAdamW, mixed", work.Mixed(() => work.Full(work.FusedAdamW)));
        TimedStep[] all =
        [
            plain, full, quarter, plainFused, fullFused, quarterFused, straightforward, wholePass, quarterPass,
            .. cast.Values, .. pure.Values, mixed,
        ];
        Race.Run([.. all.Select(step => step.Contender)], rounds);
        foreach (var step in all) Console.WriteLine(step);

        Console.WriteLine();
        return Ratio.Report(
        [
            fullFused.Over(plain, goal: 1.9),
            quarterFused.Over(plain, goal: 1.25),
            plain.Over(straightforward, goal: 1),
            full.Over(plain),
            quarter.Over(plain),
            plainFused.Over(plain),
            fullFused.Over(plainFused),
            quarterFused.Over(plainFused),
            quarterPass.Over(wholePass),
            cast["SAM, FusedAdamW"].Over(plain, goal: 1),
            cast["SAM from a quarter, FusedAdamW"].Over(plain, goal: 0.75),
            .. cast.Values.Concat(pure.Values).Append(mixed).Select(step => step.Over(plain)),
        ]);
    }

    /// <summary>The six steps in other number types, by the names that they have in float32.</summary>
    private static Dictionary<string, TimedStep> Rows(TrainingWorkload work, string types, Func<Action, Action> with)
    {
        var rows = new Dictionary<string, TimedStep>();
        foreach (var (name, optimizer) in new[] { ("TorchSharp's AdamW", work.TorchAdamW), ("FusedAdamW", work.FusedAdamW) })
        {
            Add($"plain, {name}", () => work.Plain(optimizer.BaseOptimizer));
            Add($"SAM, {name}", () => work.Full(optimizer));
            Add($"SAM from a quarter, {name}", () => work.Quarter(optimizer));
        }
        return rows;

        void Add(string name, Action step) => rows[name] = new($"{name}, {types}", with(step));
    }
}
