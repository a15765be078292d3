using BenchmarkDotNet.Attributes;
using SamSharp.Benchmarks.Shapes;
using SamSharp.Benchmarks.Workloads;
using SamSharp.Kernels;
using TorchSharp;

namespace SamSharp.Benchmarks.Updates;

/// <summary>What SAM adds to a step beside its second pass: weights to w + e and back, with each kind of kernels.</summary>
public class AscentBenchmark : UpdateBenchmarkBase
{
    private NaiveSam _naive = null!;
    private SharpnessAwareOptimizer _vectorized = null!;
    private SharpnessAwareOptimizer _multiTensor = null!;
    private SharpnessAwareOptimizer _reference = null!;

    [Params(ShapeSet.T5Small, ShapeSet.Tiny)]
    public ShapeSet Shapes { get; set; }

    [Benchmark(Baseline = true, Description = "naive port")]
    public void Naive()
    {
        _naive.Ascend();
        _naive.Restore();
    }

    [Benchmark]
    public void Vectorized() => ThereAndBack(_vectorized);

    [Benchmark]
    public void MultiTensor() => ThereAndBack(_multiTensor);

    [Benchmark]
    public void Reference() => ThereAndBack(_reference);

    internal override ParameterSet MakeSet() => new(Shapes);

    private protected override int FloorBytes => 16;

    private protected override void MakeOptimizers()
    {
        _naive = new NaiveSam(Set.Parameters, Own(torch.optim.SGD(Set.Parameters, 0.1)));
        _vectorized = Own(Bases.Sam(torch.optim.SGD(Set.Parameters, 0.1), KernelSets.Vectorized));
        _multiTensor = Own(Bases.Sam(torch.optim.SGD(Set.Parameters, 0.1), KernelSets.MultiTensor));
        _reference = Own(Bases.Sam(torch.optim.SGD(Set.Parameters, 0.1), KernelSets.Reference));
    }

    private static void ThereAndBack(SharpnessAwareOptimizer optimizer)
    {
        optimizer.Ascend();
        optimizer.Restore();
    }
}
