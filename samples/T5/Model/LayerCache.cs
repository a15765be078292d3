using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Model;

/// <summary>
/// One decoder block's memory between generated tokens: keys and values of the encoder's output and of the tokens so far, in
/// buffers that double when full.
/// </summary>
internal sealed class LayerCache(KeyValues encoded) : IDisposable
{
    private const long FirstCapacity = 16;

    private KeyValues? _buffers;
    private long _length;

    /// <summary>Keys and values of the encoder's output; this object owns them.</summary>
    public KeyValues Encoded => encoded;

    /// <summary>Appends new positions and returns all of them, as views that the caller owns.</summary>
    public KeyValues Append(KeyValues newest)
    {
        var added = newest.Keys.shape[2];
        Reserve(newest, _length + added);
        var buffers = _buffers!.Value;
        Write(buffers.Keys, newest.Keys);
        Write(buffers.Values, newest.Values);
        _length += added;
        return new(buffers.Keys.narrow(2, 0, _length), buffers.Values.narrow(2, 0, _length));

        void Write(Tensor buffer, Tensor values)
        {
            using var place = buffer.narrow(2, _length, added);
            place.copy_(values);
        }
    }

    /// <summary>Replaces row i by row <paramref name="rows"/>[i]. The encoder's part is unchanged: beams of a row share it.</summary>
    public void Reorder(Tensor rows)
    {
        if (_buffers is { } old)
            Replace(old, old.Keys.index_select(0, rows), old.Values.index_select(0, rows));
    }

    public void Dispose()
    {
        encoded.Keys.Dispose();
        encoded.Values.Dispose();
        _buffers?.Keys.Dispose();
        _buffers?.Values.Dispose();
    }

    private void Reserve(KeyValues like, long length)
    {
        if (_buffers is not { } old)
        {
            var capacity = Math.Max(length, FirstCapacity);
            _buffers = new(Allocate(like.Keys, capacity), Allocate(like.Values, capacity));
        }
        else if (length > old.Keys.shape[2])
        {
            var capacity = Math.Max(length, 2 * old.Keys.shape[2]);
            Replace(old, Grow(old.Keys, capacity), Grow(old.Values, capacity));
        }
    }

    private void Replace(KeyValues old, Tensor keys, Tensor values)
    {
        old.Keys.Dispose();
        old.Values.Dispose();
        _buffers = new(keys.DetachFromDisposeScope(), values.DetachFromDisposeScope());
    }

    private static Tensor Allocate(Tensor like, long capacity) =>
        empty([like.shape[0], like.shape[1], capacity, like.shape[3]], like.dtype, like.device).DetachFromDisposeScope();

    private Tensor Grow(Tensor buffer, long capacity)
    {
        var larger = Allocate(buffer, capacity);
        using var from = buffer.narrow(2, 0, _length);
        using var to = larger.narrow(2, 0, _length);
        to.copy_(from);
        return larger;
    }
}
