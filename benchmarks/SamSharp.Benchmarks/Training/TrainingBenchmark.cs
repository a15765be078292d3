using BenchmarkDotNet.Attributes;
using TorchSharp;

namespace SamSharp.Benchmarks.Training;

/// <summary>Whole training steps of T5-small; the verb <c>training</c> runs the same in turn and has the goals.</summary>
[BenchmarkCategory("training")]
public class TrainingBenchmark
{
    private TrainingWorkload _work = null!;

    [Params(1, 2)]
    public int Threads { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        torch.set_num_threads(Threads);
        _work = new TrainingWorkload();
    }

    [Benchmark(Baseline = true, Description = "plain, TorchSharp's AdamW")]
    public void Plain() => _work.Plain(_work.TorchAdamW.BaseOptimizer);

    [Benchmark(Description = "SAM, TorchSharp's AdamW")]
    public void Full() => _work.Full(_work.TorchAdamW);

    [Benchmark(Description = "SAM from a quarter, TorchSharp's AdamW")]
    public void Quarter() => _work.Quarter(_work.TorchAdamW);

    [Benchmark(Description = "plain, FusedAdamW")]
    public void PlainFused() => _work.Plain(_work.FusedAdamW.BaseOptimizer);

    [Benchmark(Description = "SAM, FusedAdamW")]
    public void FullFused() => _work.Full(_work.FusedAdamW);

    [Benchmark(Description = "SAM from a quarter, FusedAdamW")]
    public void QuarterFused() => _work.Quarter(_work.FusedAdamW);

    [Benchmark(Description = "straightforward T5, TorchSharp's AdamW")]
    public void Straightforward() => _work.PlainStraightforward();

    [GlobalCleanup]
    public void Cleanup() => _work.Dispose();
}
