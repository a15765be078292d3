using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Model;

/// <summary>
/// T5's buckets of relative positions (key index minus query index): small distances have a bucket each, larger ones share
/// buckets of logarithmically growing width, and everything from the maximum distance shares the last.
/// </summary>
internal static class RelativePositionBuckets
{
    /// <param name="relativePositions">int64, any shape.</param>
    /// <param name="bidirectional">Use half of the buckets for keys after the query (encoder); otherwise those get bucket 0 (decoder).</param>
    /// <param name="buckets">Number of buckets, both directions together.</param>
    /// <param name="maxDistance">Distance from which all positions share a bucket.</param>
    public static Tensor Of(Tensor relativePositions, bool bidirectional, int buckets, int maxDistance)
    {
        using var scope = NewDisposeScope();
        var perDirection = bidirectional ? buckets / 2 : buckets;
        var distance = bidirectional ? relativePositions.abs() : relativePositions.neg().Clamped(min: 0);
        var exact = perDirection / 2;

        // The models were trained with float32 here, and bucket borders depend on the rounding. Distance 0 never takes this branch.
        var logarithmic = distance.Clamped(min: 1).to(float32).Over(exact).log()
            .Over(Math.Log((double)maxDistance / exact)).Times(perDirection - exact)
            .to(int64).Plus(exact).Clamped(max: perDirection - 1);
        var bucket = where(distance.IsLessThan(exact), distance, logarithmic);
        if (bidirectional)
            bucket = bucket.Plus(relativePositions.IsGreaterThan(0).to(int64).Times(perDirection));
        return bucket.MoveToOuterDisposeScope();
    }
}
