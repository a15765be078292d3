using BenchmarkDotNet.Running;
using SamSharp.Benchmarks.Devices;
using SamSharp.Benchmarks.Ratios;
using SamSharp.Benchmarks.Training;
using SamSharp.Benchmarks.Updates;

return args switch
{
    ["ratios"] => RatiosVerb.Run(),
    ["training"] => TrainingVerb.Run(rounds: 5, threads: Math.Min(2, Environment.ProcessorCount)),
    ["training", var rounds, var threads] when int.TryParse(rounds, out var n) && int.TryParse(threads, out var t) && n > 0 && t > 0 => TrainingVerb.Run(n, t),
    ["ratios" or "training", ..] => Usage(),
    [var verb, ..] when DeviceCommands.Names.Contains(verb) => DeviceCommands.Run(args),
    _ => Benchmarks(),
};

int Benchmarks()
{
    BenchmarkSwitcher.FromAssembly(typeof(AscentBenchmark).Assembly).Run(args, BenchmarkConfig.Create());
    return 0;
}

static int Usage()
{
    Console.Error.WriteLine("""
        ratios                        every ratio with its goal, about a minute on the CPU; exits 1 if any falls short
        training [ROUNDS THREADS]     whole training steps of T5-small with their goals, 5 rounds with 2 threads, some minutes on the CPU; exits 1 if any falls short
        device, parity, bandwidth, step, checks [--device cpu|cuda]
                                      checks of the update on a device, and all of them in turn; --help after any says more
        anything else                 goes to BenchmarkDotNet: --list flat, --filter '*Ascent*'
        """);
    return 2;
}
