namespace SamSharp.Samples.T5.Training;

/// <summary>
/// Which rows make up which batch: every epoch is its own shuffle of all rows, epochs follow one another without a gap, so every
/// batch is full and may join the end of one epoch to the start of the next. The answer depends on the seed and the step alone:
/// to resume at a step is to ask for that step.
/// </summary>
public sealed class BatchSampler
{
    private readonly int _rows;
    private readonly int _batchSize;
    private readonly int _seed;
    private int[] _order = [];
    private long _orderedEpoch = -1;

    public BatchSampler(int rows, int batchSize, int seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        (_rows, _batchSize, _seed) = (rows, batchSize, seed);
    }

    /// <summary>The row indices of a step's batch, counted from 0.</summary>
    public int[] Rows(int step)
    {
        var rows = new int[_batchSize];
        for (var i = 0; i < rows.Length; i++)
        {
            var position = ((long)step * _batchSize) + i;
            rows[i] = Order(position / _rows)[position % _rows];
        }
        return rows;
    }

    private int[] Order(long epoch)
    {
        if (epoch == _orderedEpoch)
            return _order;
        var order = Enumerable.Range(0, _rows).ToArray();
        new Random(StepSeed.Of(_seed, epoch)).Shuffle(order);
        (_order, _orderedEpoch) = (order, epoch);
        return order;
    }
}
