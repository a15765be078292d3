namespace SamSharp.Samples.T5.Sampling;

/// <summary>All rows again and again, each epoch in an order of its own.</summary>
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
