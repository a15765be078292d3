using BenchmarkDotNet.Attributes;
using SamSharp.Benchmarks.Workloads;

namespace SamSharp.Benchmarks.Updates;

/// <summary>A million elements in ever more tensors: what a tensor costs.</summary>
public class TensorScalingBenchmark : ScalingBenchmarkBase
{
    private const int Elements = 1_000_000;

    [Params(1, 10, 100, 1_000, 10_000)]
    public int Tensors { get; set; }

    internal override ParameterSet MakeSet() => new(Enumerable.Repeat<long[]>([Elements / Tensors], Tensors));
}
