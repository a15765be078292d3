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
    ["--short", .. var rest] => Benchmarks(rest, warmUps: 1, iterations: 3),
    _ => Benchmarks(args, warmUps: 3, iterations: 15),
};

static int Benchmarks(string[] arguments, int warmUps, int iterations)
{
    BenchmarkSwitcher.FromAssembly(typeof(AscentBenchmark).Assembly).Run(arguments, BenchmarkConfig.Create(warmUps, iterations));
    return 0;
}

static int Usage()
{
    Console.Error.WriteLine("""
        ratios                        every ratio with its goal, about a minute on the CPU; exits 1 if any falls short
        training [ROUNDS THREADS]     whole training steps of T5-small with their goals, 5 rounds with 2 threads, some minutes on the CPU; exits 1 if any falls short
        device, parity, bandwidth, step, checks [--device cpu|cuda]
                                      checks of the update on a device, and all of them in turn; --help after any says more
        [--short] anything else       goes to BenchmarkDotNet: --list flat, --filter '*Ascent*'; 15 iterations, or 3
        """);
    return 2;
}
