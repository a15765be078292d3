using BenchmarkDotNet.Running;
using SamSharp.Benchmarks.Devices;
using SamSharp.Benchmarks.Exchange;
using SamSharp.Benchmarks.Ratios;
using SamSharp.Benchmarks.Rounding;
using SamSharp.Benchmarks.Training;
using SamSharp.Benchmarks.Updates;

// Each gets what follows its name, and gives the exit code, or null where it cannot read that.
Dictionary<string, Func<string[], int?>> verbs = new()
{
    ["ratios"] = RatiosVerb.Run,
    ["memory"] = MemoryVerb.Run,
    ["training"] = TrainingVerb.Run,
    ["rounding"] = RoundingVerb.Run,
    ["pytorch"] = PyTorchVerb.Run,
    ["bandwidth"] = rest => BandwidthCommand.Run(rest),
    ["exchange"] = ExchangeVerb.Run,
    ["--short"] = rest => Benchmarks(rest, warmUps: 1, iterations: 3),
};
return (args.Length > 0 && verbs.TryGetValue(args[0], out var verb) ? verb(args[1..]) : Benchmarks(args, warmUps: 3, iterations: 15)) ?? Usage();

static int Benchmarks(string[] arguments, int warmUps, int iterations)
{
    BenchmarkSwitcher.FromAssembly(typeof(AscentBenchmark).Assembly).Run(arguments, BenchmarkConfig.Create(warmUps, iterations));
    return 0;
}

static int Usage()
{
    Console.Error.WriteLine("""
        ratios [PART...]              every ratio with its goal, on the CPU, or those of Tiny, T5Small or Telemetry; exits 1 if
                                      any falls short
        memory                        what each recipe takes beyond its base optimizer, in copies of the parameters; up to 4 GB
        training [ROUNDS THREADS]     whole training steps of T5-small with their goals, 5 rounds with 2 threads, on the CPU;
                                      exits 1 if any falls short
        rounding [STEPS]              what rounding to 16 bits leaves of perturbations, and of the training of a small language model;
                                      1,000 steps, on the CPU
        pytorch COMMAND...            the update beside PyTorch's; the command starts benchmarks/pytorch/t5_update.py, with options added to
                                      it; exits 1 if it falls short
        bandwidth [--device cpu|cuda] bytes of the update over its time, beside a copy on the same device; --help says more
        exchange [ROUNDS]             under mpirun -n 2: averaging T5-small's gradients beside one MPI_Allreduce; exits 1 if it falls short
        [--short] anything else       goes to BenchmarkDotNet: --list flat, --filter '*Ascent*'; 15 iterations, or 3
        """);
    return 2;
}
