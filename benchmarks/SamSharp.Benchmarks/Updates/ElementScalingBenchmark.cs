using BenchmarkDotNet.Attributes;
using SamSharp.Benchmarks.Workloads;

namespace SamSharp.Benchmarks.Updates;

/// <summary>A hundred tensors that grow: from what a call costs to what memory costs.</summary>
public class ElementScalingBenchmark : ScalingBenchmarkBase
{
    private const int Tensors = 100;

    [Params(100_000, 1_000_000, 10_000_000, 100_000_000)]
    public int Elements { get; set; }

    internal override ParameterSet MakeSet() => new(Enumerable.Repeat<long[]>([Elements / Tensors], Tensors));
}
