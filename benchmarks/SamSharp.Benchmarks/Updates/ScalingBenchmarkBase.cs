using BenchmarkDotNet.Attributes;
using SamSharp.Benchmarks.Workloads;
using static TorchSharp.torch.optim;

namespace SamSharp.Benchmarks.Updates;

/// <summary>The whole update over a growing list, against TorchSharp's AdamW step alone and a naive port.</summary>
public abstract class ScalingBenchmarkBase : UpdateBenchmarkBase
{
    private Optimizer _adamW = null!;
    private NaiveSam _naive = null!;
    private SharpnessAwareOptimizer _sam = null!;

    [Benchmark(Baseline = true, Description = "TorchSharp's AdamW alone")]
    public void AdamW() => _adamW.step();

    [Benchmark(Description = "naive port, TorchSharp's AdamW")]
    public void Naive() => Update(_naive.Ascend, _naive.Descend);

    [Benchmark(Description = "SAM, FusedAdamW")]
    public void Sam() => Update(_sam.Ascend, _sam.Descend);

    private protected override int FloorBytes => 44;

    private protected override void MakeOptimizers()
    {
        _adamW = Own(Bases.TorchAdamW(Set));
        _naive = new NaiveSam(Set.Parameters, Own(Bases.TorchAdamW(Set)));
        _sam = Own(Bases.Sam(Bases.FusedAdamW(Set)));
    }
}
