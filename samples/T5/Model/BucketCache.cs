using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Model;

/// <summary>The bucket of every distance seen so far, computed once per device and extended for longer rows.</summary>
internal sealed class BucketCache(bool bidirectional, int buckets, int maxDistance) : IDisposable
{
    private Tensor? _table;
    private long _reach;

    /// <summary>The buckets of the relative positions first..last (int64, on the device); the caller owns the view.</summary>
    public Tensor Find(long first, long last, Device device)
    {
        var needed = Math.Max(Math.Abs(first), Math.Abs(last));
        if (_table is null || needed > _reach || !_table.device.IsSameAs(device))
            Grow(needed, device);
        return _table!.narrow(0, first + _reach, last - first + 1);
    }

    public void Dispose() => _table?.Dispose();

    private void Grow(long needed, Device device)
    {
        if (needed > _reach)
            _reach = Math.Max(needed, Math.Max(128, 2 * _reach));
        _table?.Dispose();
        using var positions = ScalarArithmetic.Range(-_reach, _reach + 1, int64);
        using var found = RelativePositionBuckets.Of(positions, bidirectional, buckets, maxDistance);
        _table = found.to(device, copy: true).DetachFromDisposeScope();
    }
}
