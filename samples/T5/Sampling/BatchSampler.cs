namespace SamSharp.Samples.T5.Sampling;

/// <summary>
/// Shuffles all rows in each epoch. Epochs follow one another without a gap, so every batch is full and may span the end of one
/// epoch and the start of the next.
/// </summary>
public sealed class BatchSampler : IBatchSampler
{
    private readonly int _batchSize;
    private readonly EpochOrder _order;

    public BatchSampler(int rows, int batchSize, int seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        (_batchSize, _order) = (batchSize, new EpochOrder(rows, seed));
    }

    /// <inheritdoc/>
    public int[] Rows(int batch) => [.. Enumerable.Range(0, _batchSize).Select(i => _order[((long)batch * _batchSize) + i])];
}
