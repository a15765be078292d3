using BenchmarkDotNet.Attributes;
using SamSharp.Benchmarks.Workloads;
using TorchSharp;

namespace SamSharp.Benchmarks.Updates;

/// <summary>
/// What benchmarks of an update share: threads, parameters whose gradients are put in place before each run, and the floor in the same run.
/// </summary>
[BenchmarkCategory("update")]
public abstract class UpdateBenchmarkBase
{
    private readonly List<IDisposable> _owned = [];
    private MemoryCopy _floor = null!;

    [Params(1, 2)]
    public int Threads { get; set; }

    internal ParameterSet Set { get; private set; } = null!;

    [GlobalSetup]
    public void Setup()
    {
        torch.set_num_threads(Threads);
        Set = Own(MakeSet());
        _floor = Own(new MemoryCopy(FloorBytes * Set.Elements));
        MakeOptimizers();
    }

    [IterationSetup]
    public void SetGradients() => Set.SetGradients();

    [Benchmark(Description = "memcpy, the floor")]
    public void Floor() => _floor.Run();

    [GlobalCleanup]
    public void Cleanup()
    {
        foreach (var owned in _owned.AsEnumerable().Reverse()) owned.Dispose();
        _owned.Clear();
    }

    internal abstract ParameterSet MakeSet();

    /// <summary>Bytes that the update has to read and write for each element.</summary>
    private protected abstract int FloorBytes { get; }

    private protected abstract void MakeOptimizers();

    private protected T Own<T>(T disposable) where T : IDisposable
    {
        _owned.Add(disposable);
        return disposable;
    }

    /// <summary>A whole update: the second gradient is put in place between the phases, for next to nothing.</summary>
    private protected void Update(Action ascend, Action descend)
    {
        ascend();
        Set.SetGradients();
        descend();
    }
}
