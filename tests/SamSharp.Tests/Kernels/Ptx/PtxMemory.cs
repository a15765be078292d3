using SamSharp.Kernels.Cuda;

namespace SamSharp.Tests.Kernels.Ptx;

/// <summary>
/// The memory of a device whose memory is the host's. Every buffer has an address of its own there, far from any other and aligned as on the
/// host, so that an access beside a buffer, or into one whose tensor is gone, is always found.
/// </summary>
internal sealed class PtxMemory
{
    private const int Kept = 4096;
    private const ulong Page = 4096;

    private readonly SortedList<ulong, Buffer> _buffers = [];
    private readonly Dictionary<(nint, long), ulong> _known = [];
    private readonly Lock _lock = new();
    private ulong _next = 1UL << 40;

    /// <param name="Start">The first address on the device.</param>
    /// <param name="Bytes">How many there are.</param>
    /// <param name="Host">The first address on the host.</param>
    /// <param name="Owner">The tensor; null for memory that no tensor owns.</param>
    internal sealed record Buffer(ulong Start, ulong Bytes, nint Host, WeakReference<Tensor>? Owner)
    {
        public bool IsGone => Owner is not null && (!Owner.TryGetTarget(out var tensor) || tensor.IsInvalid);
    }

    /// <summary>The address of a tensor on the device.</summary>
    public nint AddressOf(Tensor tensor) => Map(TensorAddress.Of(tensor), tensor.NumberOfElements * tensor.ElementSize, new(tensor));

    /// <summary>Makes memory of the host known to the device.</summary>
    public nint Map(nint host, long bytes, WeakReference<Tensor>? owner = null)
    {
        lock (_lock)
        {
            if (_known.TryGetValue((host, bytes), out var start))
            {
                _buffers[start] = _buffers[start] with { Owner = owner };
                return (nint)start;
            }
            if (_buffers.Count > Kept) Forget();
            start = _next + ((ulong)host % Page);
            _next += ((ulong)bytes / Page * Page) + (4 * Page);
            _buffers.Add(start, new(start, (ulong)bytes, host, owner));
            _known.Add((host, bytes), start);
            return (nint)start;
        }
    }

    /// <summary>Takes memory away from the device.</summary>
    public Buffer Unmap(nint address)
    {
        lock (_lock)
        {
            if (!_buffers.Remove((ulong)address, out var buffer)) throw new PtxException($"0x{address:x} is no buffer.");
            _known.Remove((buffer.Host, (long)buffer.Bytes));
            return buffer;
        }
    }

    /// <summary>The buffer that an access of so many bytes lies in.</summary>
    /// <exception cref="PtxException">There is none.</exception>
    public Buffer Find(ulong address, ulong bytes)
    {
        lock (_lock)
        {
            var (low, high) = (0, _buffers.Count);
            while (low < high)
            {
                var middle = (low + high) / 2;
                if (_buffers.Keys[middle] <= address) low = middle + 1;
                else high = middle;
            }
            var buffer = low == 0 ? null : _buffers.Values[low - 1];
            if (buffer is null || address - buffer.Start + bytes > buffer.Bytes)
            {
                throw new PtxException($"{bytes} bytes at 0x{address:x} lie in no buffer" + (buffer is null ? "." :
                    $": the one before ends {address - buffer.Start + bytes - buffer.Bytes} bytes earlier."));
            }
            return buffer.IsGone ? throw new PtxException($"The tensor at 0x{address:x} is disposed.") : buffer;
        }
    }

    private void Forget()
    {
        foreach (var buffer in _buffers.Values.Where(buffer => buffer.IsGone).ToArray())
        {
            _buffers.Remove(buffer.Start);
            _known.Remove((buffer.Host, (long)buffer.Bytes));
        }
    }
}
