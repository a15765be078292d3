using System.Diagnostics;

namespace SamSharp.Benchmarks.Ratios;

/// <summary>Something timed: phases of work, before each of which something is made ready at no charge.</summary>
internal sealed class Contender(string name, Action prepare, params Action[] phases)
{
    private readonly List<double> _milliseconds = [];
    private readonly List<double> _bytes = [];

    public string Name => name;

    /// <summary>The median time of a run.</summary>
    public double Milliseconds => Median(_milliseconds);

    /// <summary>The median of managed bytes allocated in a run, on all threads.</summary>
    public double AllocatedBytes => Median(_bytes);

    /// <summary>Runs once; the garbage of others is collected before, so that their finalizers do not run meanwhile.</summary>
    public void Run()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var (watch, bytes) = (new Stopwatch(), 0L);
        foreach (var phase in phases)
        {
            prepare();
            var before = GC.GetTotalAllocatedBytes(precise: true);
            watch.Start();
            phase();
            watch.Stop();
            bytes += GC.GetTotalAllocatedBytes(precise: true) - before;
        }
        _milliseconds.Add(watch.Elapsed.TotalMilliseconds);
        _bytes.Add(bytes);
    }

    /// <summary>Forgets the runs so far, which warmed up.</summary>
    public void Forget()
    {
        _milliseconds.Clear();
        _bytes.Clear();
    }

    private static double Median(List<double> values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
