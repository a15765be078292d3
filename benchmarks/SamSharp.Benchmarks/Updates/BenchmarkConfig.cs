using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace SamSharp.Benchmarks.Updates;

/// <summary>
/// One call per iteration, since gradients are put in place before each; in this process, since a build of its own for every benchmark would
/// carry a copy of libtorch each time.
/// </summary>
internal static class BenchmarkConfig
{
    public static IConfig Create(int warmUps, int iterations) => DefaultConfig.Instance
        .AddDiagnoser(MemoryDiagnoser.Default)
        .AddColumn(new FloorColumn())
        .AddJob(Job.Default
            .WithToolchain(new InProcessEmitToolchain(TimeSpan.FromMinutes(10), logOutput: true))
            .WithWarmupCount(warmUps)
            .WithIterationCount(iterations)
            .WithInvocationCount(1)
            .WithUnrollFactor(1));
}
