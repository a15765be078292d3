namespace SamSharp.Samples.T5.Sampling;

/// <summary>
/// Batches of several tasks: each row comes from task i with probability r_i / sum r, where r_i = min(rows of i, cap), and every
/// task has its own epochs. This is the examples-proportional mixing of Raffel et al. (2020), section 3.5.2.
/// </summary>
public sealed class MixtureSampler : IBatchSampler
{
    private readonly IReadOnlyList<int> _counts;
    private readonly EpochOrder[] _orders;
    private readonly long _rates;
    private readonly int? _cap;
    private readonly int _batchSize;
    private readonly int _seed;
    private readonly long[] _drawn;
    private int _next;

    /// <param name="counts">Number of rows of each task; the tasks' rows follow one another.</param>
    /// <param name="cap">Maximum number of rows a task counts for; null: no limit.</param>
    /// <param name="batchSize">Rows per step.</param>
    /// <param name="seed">The run's seed.</param>
    public MixtureSampler(IReadOnlyList<int> counts, int? cap, int batchSize, int seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(counts.Count, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(counts.Min(), 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(cap ?? 1, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        (_counts, _cap, _batchSize, _seed) = (counts, cap, batchSize, StepSeed.Of(seed, -2));
        _orders = [.. counts.Select((count, task) => new EpochOrder(count, StepSeed.Of(seed, -3 - task)))];
        _rates = Weight(counts, cap);
        _drawn = new long[counts.Count];
    }

    /// <summary>Number of rows that all tasks together count for, which is one epoch of the mixture.</summary>
    public static long Weight(IEnumerable<int> counts, int? cap) => counts.Sum(count => (long)Math.Min(count, cap ?? count));

    /// <inheritdoc/>
    public int[] Rows(int batch)
    {
        if (batch < _next)
        {
            Array.Clear(_drawn);
            _next = 0;
        }
        // The position within each task depends on all earlier draws.
        while (_next < batch)
            _ = Draw();
        return Draw();
    }

    private int[] Draw()
    {
        var random = new Random(StepSeed.Of(_seed, _next++));
        var rows = new int[_batchSize];
        for (var i = 0; i < rows.Length; i++)
        {
            var (task, first) = (0, 0);
            for (var place = random.NextInt64(_rates) - Rate(0); place >= 0; place -= Rate(task))
                first += _counts[task++];
            rows[i] = first + _orders[task][_drawn[task]++];
        }
        return rows;
    }

    private long Rate(int task) => Math.Min(_counts[task], _cap ?? _counts[task]);
}
