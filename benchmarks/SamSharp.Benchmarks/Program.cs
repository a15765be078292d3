using BenchmarkDotNet.Running;
using SamSharp.Benchmarks.Parity;
using SamSharp.Benchmarks.Ratios;
using SamSharp.Benchmarks.Updates;

return args switch
{
    ["ratios"] => RatiosVerb.Run(),
    ["parity"] => ParityVerb.Run(device: null),
    ["parity", "--device", var device] => ParityVerb.Run(device),
    ["ratios" or "parity", ..] => Usage(),
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
        parity [--device cpu|cuda]    every kernel against the reference; exits 1 if any differs
        anything else                 goes to BenchmarkDotNet: --list flat, --filter '*Ascent*'
        """);
    return 2;
}
