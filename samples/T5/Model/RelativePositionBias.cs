using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SamSharp.Samples.T5.Model;

/// <summary>
/// What attention scores get by the relative position of query and key alone: one learned number per bucket and head.
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
    /// The bias [1, heads, queries, keys] of a type, for the last <paramref name="queries"/> of <paramref name="keys"/> positions.
    /// It is constant along diagonals: one lookup per distance, then a sliding window over them makes each row.
    /// </summary>
    public Tensor Compute(long queries, long keys, ScalarType type)
    {
        using var scope = NewDisposeScope();
        var perDistance = _weight.index_select(0, _buckets.Find(1 - keys, queries - 1, _weight.device)).to(type);
        // Window i holds the distances 1 - keys + i and on, which belong to query keys - 1 - i: the last query comes first.
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
