namespace SamSharp.Samples.T5.Sampling;

/// <summary>An endless sequence of all rows; each epoch has its own order.</summary>
internal sealed class EpochOrder(int rows, int seed)
{
    private int[] _order = [];
    private long _epoch = -1;

    /// <summary>The row at a position of the endless sequence.</summary>
    public int this[long position]
    {
        get
        {
            var epoch = position / rows;
            if (epoch != _epoch)
            {
                _order = [.. Enumerable.Range(0, rows)];
                new Random(StepSeed.Of(seed, epoch)).Shuffle(_order);
                _epoch = epoch;
            }
            return _order[position % rows];
        }
    }
}
