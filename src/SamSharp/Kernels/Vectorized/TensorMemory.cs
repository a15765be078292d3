using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace SamSharp.Kernels.Vectorized;

/// <summary>The addresses of the elements of some lists of tensors, looked up once for one operation over them.
/// The tables are rented, so dispose it.</summary>
/// <remarks>A look-up of one tensor is half a dozen native calls, which is most of the cost of a list of small tensors.</remarks>
internal sealed unsafe class TensorMemory : IDisposable
{
    private readonly int _count, _lists;
    private readonly long[] _ends;
    private readonly nint[] _addresses;

    private TensorMemory(int count, int lists)
    {
        (_count, _lists) = (count, lists);
        _ends = ArrayPool<long>.Shared.Rent(count);
        _addresses = ArrayPool<nint>.Shared.Rent(count * lists);
    }

    /// <summary>The dtype of every tensor here.</summary>
    public ScalarType Dtype { get; private init; }

    /// <summary>The number of elements of all tensors of one list.</summary>
    public long Elements => _count == 0 ? 0 : _ends[_count - 1];

    /// <summary>For each tensor, the elements up to its end, counted over the whole list.</summary>
    public ReadOnlySpan<long> Ends => _ends.AsSpan(0, _count);

    /// <summary>The lists' addresses, or null where passes over raw memory do not apply: other devices, other dtypes than float32, float64
    /// and bfloat16, gaps between elements, a tensor of more than 2 GB, an empty list.</summary>
    public static TensorMemory? Of(params ReadOnlySpan<Tensor[]> lists) => Of(null, lists);

    /// <summary>The same, followed by lists that have already been looked up.</summary>
    public static TensorMemory? Of(TensorMemory? known, params ReadOnlySpan<Tensor[]> lists)
    {
        foreach (var list in lists) TensorLists.Require(list);
        if (lists.Length == 0 || lists[0].Length == 0) return null;
        var dtype = lists[0][0].dtype;
        foreach (var list in lists)
        {
            if (list.Length != lists[0].Length || list[0].dtype != dtype || list[0].device_type != DeviceType.CPU) return null;
        }
        if (dtype is not (ScalarType.Float32 or ScalarType.Float64 or ScalarType.BFloat16)) return null;

        var memory = new TensorMemory(lists[0].Length, lists.Length + (known?._lists ?? 0)) { Dtype = dtype };
        if (memory.Fill(lists) && (known is null || memory.Append(known, lists.Length))) return memory;
        memory.Dispose();
        return null;
    }

    /// <summary>Where a piece of a list begins.</summary>
    public T* At<T>(int list, Piece piece) where T : unmanaged => (T*)_addresses[(list * _count) + piece.Tensor] + piece.Start;

    public void Dispose()
    {
        ArrayPool<long>.Shared.Return(_ends);
        ArrayPool<nint>.Shared.Return(_addresses);
    }

    private bool Fill(ReadOnlySpan<Tensor[]> lists)
    {
        long end = 0, size = Dtype switch { ScalarType.Float64 => sizeof(double), ScalarType.Float32 => sizeof(float), _ => sizeof(ushort) };
        for (var i = 0; i < _count; i++)
        {
            var elements = lists[0][i].NumberOfElements;
            if (elements * size > int.MaxValue) return false;
            _ends[i] = end += elements;
        }
        for (var list = 0; list < lists.Length; list++)
        {
            var same = lists[..list].IndexOf(lists[list]);
            if (same >= 0) _addresses.AsSpan(same * _count, _count).CopyTo(_addresses.AsSpan(list * _count));
            else if (!Fill(lists[list], _addresses.AsSpan(list * _count, _count), size)) return false;
        }
        return true;
    }

    private bool Append(TensorMemory known, int list)
    {
        if (known.Dtype != Dtype || !known.Ends.SequenceEqual(Ends)) return false;
        known._addresses.AsSpan(0, known._lists * _count).CopyTo(_addresses.AsSpan(list * _count));
        return true;
    }

    private bool Fill(Tensor[] tensors, Span<nint> addresses, long size)
    {
        long start = 0;
        for (var i = 0; i < tensors.Length; i++)
        {
            if (!tensors[i].is_contiguous()) return false;
            var bytes = tensors[i].bytes;
            // libtorch refuses lists of other shapes.
            if (bytes.Length != (_ends[i] - start) * size) return false;
            addresses[i] = (nint)Unsafe.AsPointer(ref MemoryMarshal.GetReference(bytes));
            start = _ends[i];
        }
        return true;
    }
}
