using TorchSharp;
using static TorchSharp.torch;

namespace SamSharp.Distributed;

/// <summary>Sums lists of tensors over a group, in place, through buckets that live from step to step.</summary>
internal sealed class BucketList(ITransport transport, int bucketBytes) : IDisposable
{
    /// <summary>The number of bytes from which a tensor travels from where it is: a message of its own costs less than two copies.</summary>
    private const long WorthItsOwnMessage = 256 << 10;

    private readonly List<Bucket> _buckets = [];
    private readonly Queue<Bucket?> _travelling = new(); // null: a piece of a tensor, which is where it belongs
    private long[][] _shapes = [];
    private int _layout;

    /// <summary>A hash of the tensors' shapes and types, kept while they stay as they are.</summary>
    public int LayoutOf(IReadOnlyList<Tensor> tensors)
    {
        var same = tensors.Count == _shapes.Length;
        for (var i = 0; same && i < tensors.Count; i++) same = tensors[i].shape.AsSpan().SequenceEqual(_shapes[i]);
        if (same) return _layout;
        _shapes = [.. tensors.Select(tensor => tensor.shape)];
        return _layout = Layout.HashOf(tensors);
    }

    /// <summary>Multiplies tensors by this member's share, and replaces them by their sums over all members.</summary>
    [InDisposeScope]
    public void Sum(IReadOnlyList<Tensor> tensors, double share)
    {
        var used = 0;
        Bucket?[] open = [null, null]; // float32 and float64
        foreach (var tensor in tensors)
        {
            if (TravelsAlone(tensor))
            {
                Scale(tensor, share);
                if (tensor.device_type == DeviceType.CUDA) cuda.synchronize(tensor.device); // MPI knows nothing of streams
                Send(tensor);
                continue;
            }
            var kind = tensor.dtype == ScalarType.Float64 ? 1 : 0;
            for (long from = 0, count; from < tensor.NumberOfElements; from += count)
            {
                if (open[kind] is { IsFull: true } full)
                {
                    Send(full, share);
                    open[kind] = null;
                }
                var bucket = open[kind] ??= Take(used++, kind, tensor.device_type == DeviceType.CUDA);
                count = bucket.Add(tensor, from);
            }
        }
        foreach (var bucket in open)
        {
            if (bucket is not null) Send(bucket, share);
        }
        while (_travelling.TryDequeue(out var bucket))
        {
            transport.FinishFirst();
            bucket?.Return();
        }
    }

    public void Dispose()
    {
        foreach (var bucket in _buckets) bucket.Dispose();
        _buckets.Clear();
    }

    private bool TravelsAlone(Tensor tensor) => tensor.dtype is ScalarType.Float32 or ScalarType.Float64
        && (tensor.device_type == DeviceType.CPU || (tensor.device_type == DeviceType.CUDA && transport.ReadsCudaMemory))
        && tensor.NumberOfElements * tensor.ElementSize >= WorthItsOwnMessage && tensor.is_contiguous();

    /// <summary>Scales a tensor. A share of 0 erases numbers that are not finite, too.</summary>
    private static void Scale(Tensor tensor, double share)
    {
        if (share == 0) tensor.zero_();
        else if (share != 1) tensor.MultiplyBy(share);
    }

    private void Send(Tensor tensor)
    {
        var isDouble = tensor.dtype == ScalarType.Float64;
        var address = Memory.Of(tensor);
        var piece = Math.Max(1, bucketBytes / tensor.ElementSize);
        for (long from = 0; from < tensor.NumberOfElements; from += piece)
        {
            transport.StartSum((nint)(address + (from * tensor.ElementSize)), (int)Math.Min(piece, tensor.NumberOfElements - from), isDouble);
            _travelling.Enqueue(null);
            transport.Progress();
        }
    }

    private void Send(Bucket bucket, double share)
    {
        Scale(bucket.Filled, share);
        transport.StartSum(bucket.Address, (int)bucket.Count, bucket.IsDouble);
        _travelling.Enqueue(bucket);
        transport.Progress();
    }

    /// <summary>The bucket at an index, empty and of the type that is asked for.</summary>
    private Bucket Take(int index, int kind, bool isPinned)
    {
        var type = kind == 1 ? ScalarType.Float64 : ScalarType.Float32;
        if (index == _buckets.Count) _buckets.Add(new Bucket(type, bucketBytes, isPinned));
        _buckets[index].Clear(); // of what a failed exchange has left
        if (_buckets[index].Type == type) return _buckets[index];
        _buckets[index].Dispose();
        return _buckets[index] = new Bucket(type, bucketBytes, isPinned);
    }
}
