using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SamSharp.Samples.T5.Model;

/// <summary>
/// The part of attention scores that depends only on relative position: one learned number per bucket and head.
/// </summary>
internal sealed class RelativePositionBias : Module
{
    [ComponentName(Name = "weight")]
    private readonly Parameter _weight;

    private readonly BucketCache _buckets;

    public RelativePositionBias(T5Config config, bool bidirectional, WeightFactory weights) : base(nameof(RelativePositionBias))
    {
        _weight = weights.Normal(1 / Math.Sqrt(config.ModelWidth), config.RelativePositionBuckets, config.Heads);
        _buckets = new BucketCache(bidirectional, config.RelativePositionBuckets, config.RelativePositionMaxDistance);
        RegisterComponents();
    }

    /// <summary>
    /// The bias [1, heads, queries, keys], for the last <paramref name="queries"/> of <paramref name="keys"/> positions.
    /// It is constant along diagonals, so each distance is looked up once and every row is a window over the result.
    /// </summary>
    public Tensor Compute(long queries, long keys, ScalarType type)
    {
        using var scope = NewDisposeScope();
        var perDistance = _weight.index_select(0, _buckets.Find(1 - keys, queries - 1, _weight.device)).to(type);
        // Window i starts at distance 1 - keys + i and belongs to query keys - 1 - i: the last query comes first.
        var windows = perDistance.unfold(0, keys, 1);
        return windows.flip(0).permute(1, 0, 2).unsqueeze(0).MoveToOuterDisposeScope();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _buckets.Dispose();
        base.Dispose(disposing);
    }
}
