using BenchmarkDotNet.Attributes;
using SamSharp.Benchmarks.Shapes;
using SamSharp.Benchmarks.Workloads;
using SamSharp.Kernels;
using TorchSharp;

namespace SamSharp.Benchmarks.Updates;

/// <summary>What SAM adds to a step beside its second pass: weights to w + e and back, against memcpy of the bytes that this must move at least.</summary>
[BenchmarkCategory("update")]
public class AscentBenchmark
{
    private ParameterSet _set = null!;
    private MemoryCopy _floor = null!;
    private NaiveSam _naive = null!;
    private SharpnessAwareOptimizer _vectorized = null!;
    private SharpnessAwareOptimizer _multiTensor = null!;
    private SharpnessAwareOptimizer _reference = null!;

    [Params(ShapeSet.T5Small, ShapeSet.Tiny)]
    public ShapeSet Shapes { get; set; }

    [Params(1, 2)]
    public int Threads { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        torch.set_num_threads(Threads);
        _set = new ParameterSet(Shapes);
        _floor = new MemoryCopy(16 * _set.Elements);
        _naive = new NaiveSam(_set.Parameters, torch.optim.SGD(_set.Parameters, 0.1));
        _vectorized = Bases.Sam(torch.optim.SGD(_set.Parameters, 0.1), UpdateKernels.Vectorized);
        _multiTensor = Bases.Sam(torch.optim.SGD(_set.Parameters, 0.1), UpdateKernels.MultiTensor);
        _reference = Bases.Sam(torch.optim.SGD(_set.Parameters, 0.1), UpdateKernels.Reference);
    }

    [IterationSetup]
    public void SetGradients() => _set.SetGradients();

    [Benchmark(Baseline = true, Description = "memcpy, 16 bytes a weight")]
    public void Floor() => _floor.Run();

    [Benchmark]
    public void Vectorized() => ThereAndBack(_vectorized);

    [Benchmark]
    public void MultiTensor() => ThereAndBack(_multiTensor);

    [Benchmark]
    public void Reference() => ThereAndBack(_reference);

    [Benchmark(Description = "naive port")]
    public void Naive()
    {
        _naive.Ascend();
        _naive.Restore();
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        foreach (var optimizer in new[] { _vectorized, _multiTensor, _reference }) optimizer.Dispose();
        _floor.Dispose();
        _set.Dispose();
    }

    private static void ThereAndBack(SharpnessAwareOptimizer optimizer)
    {
        optimizer.Ascend();
        optimizer.Restore();
    }
}
