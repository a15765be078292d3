using System.Diagnostics;

namespace SamSharp.Benchmarks.Racing;

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

    /// <summary>The median over the rounds of this one's time as a part of another's in the same round.</summary>
    public double TimeRelativeTo(Contender other) => Median(_milliseconds.Zip(other._milliseconds, (mine, theirs) => mine / theirs));

    /// <summary>
    /// Runs twice and times the second, so that it meets what a run of its own leaves behind, as in a training loop; the garbage of others is
    /// collected before.
    /// </summary>
    public void Run()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Time();
        var (milliseconds, bytes) = Time();
        _milliseconds.Add(milliseconds);
        _bytes.Add(bytes);
    }

    /// <summary>Forgets the runs so far, which warmed up.</summary>
    public void Forget()
    {
        _milliseconds.Clear();
        _bytes.Clear();
    }

    private (double Milliseconds, double Bytes) Time()
    {
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
        return (watch.Elapsed.TotalMilliseconds, bytes);
    }

    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
