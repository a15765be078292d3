using static TorchSharp.torch;

namespace SamSharp.Distributed;

/// <summary>Memory of the CPU in which small tensors travel together, float32 or float64.</summary>
internal sealed class Bucket : IDisposable
{
    private readonly List<(Tensor Tensor, long From, long Count)> _pieces = [];
    private readonly Tensor _memory;

    /// <param name="type">Float32 or float64.</param>
    /// <param name="bytes">The size.</param>
    /// <param name="isPinned">Whether a CUDA device copies to and from it, which pinned memory makes faster.</param>
    public Bucket(ScalarType type, int bytes, bool isPinned)
    {
        using var scope = NewDisposeScope();
        Type = type;
        var memory = empty(Math.Max(1, bytes / (type == ScalarType.Float64 ? sizeof(double) : sizeof(float))), dtype: type);
        _memory = (isPinned ? memory.pin_memory() : memory).DetachFromDisposeScope();
        Address = (nint)Memory.Of(_memory);
    }

    public ScalarType Type { get; }

    public bool IsDouble => Type == ScalarType.Float64;

    public nint Address { get; }

    /// <summary>The number of elements that are taken.</summary>
    public long Count { get; private set; }

    public bool IsFull => Count == _memory.NumberOfElements;

    /// <summary>The elements that are taken, in the current dispose scope.</summary>
    [InDisposeScope]
    public Tensor Filled => _memory.narrow(0, 0, Count);

    /// <summary>Copies as many elements as fit, widened to the bucket's type.</summary>
    /// <param name="tensor">Of any strides, type and device. It must live until <see cref="Return"/>.</param>
    /// <param name="from">The first element, in row-major order.</param>
    /// <returns>How many were copied.</returns>
    public long Add(Tensor tensor, long from)
    {
        using var scope = NewDisposeScope();
        var count = Math.Min(tensor.NumberOfElements - from, _memory.NumberOfElements - Count);
        _memory.narrow(0, Count, count).copy_(tensor.reshape(-1).narrow(0, from, count));
        _pieces.Add((tensor, from, count));
        Count += count;
        return count;
    }

    /// <summary>Copies the elements back to their tensors, and empties the bucket.</summary>
    public void Return()
    {
        using var scope = NewDisposeScope();
        long at = 0;
        foreach (var (tensor, from, count) in _pieces)
        {
            var piece = _memory.narrow(0, at, count);
            if (tensor.is_contiguous()) tensor.reshape(-1).narrow(0, from, count).copy_(piece);
            else if (count == tensor.NumberOfElements) tensor.copy_(piece.reshape(tensor.shape));
            else CopyPart(tensor, from, piece);
            at += count;
        }
        Clear();
    }

    public void Clear()
    {
        _pieces.Clear();
        Count = 0;
    }

    public void Dispose() => _memory.Dispose();

    /// <summary>Copies a part into a tensor whose elements do not lie in a row.</summary>
    [InDisposeScope]
    private static void CopyPart(Tensor tensor, long from, Tensor piece)
    {
        var all = tensor.contiguous();
        all.reshape(-1).narrow(0, from, piece.NumberOfElements).copy_(piece);
        tensor.copy_(all);
    }
}
