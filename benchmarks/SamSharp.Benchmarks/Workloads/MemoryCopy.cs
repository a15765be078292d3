using System.Runtime.InteropServices;
using TorchSharp;

namespace SamSharp.Benchmarks.Workloads;

/// <summary>
/// The floor of anything that passes over memory: memcpy that reads and writes as many bytes, as one large block per thread on as many threads
/// as libtorch uses. All copies share one pair of blocks, as large as the largest needs.
/// </summary>
/// <remarks>Make and dispose of them on one thread.</remarks>
internal sealed unsafe class MemoryCopy : IDisposable
{
    private static byte* _source, _target;
    private static long _capacity, _users;

    private readonly long _bytes;

    /// <param name="bytesMoved">Bytes read and written together; half of them are copied.</param>
    public MemoryCopy(long bytesMoved)
    {
        _bytes = bytesMoved / 2;
        _users++;
        if (_bytes <= _capacity) return;
        Free();
        _source = Allocate(_bytes);
        _target = Allocate(_bytes);
        _capacity = _bytes;
    }

    public void Run()
    {
        var threads = torch.get_num_threads();
        Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, thread =>
        {
            var (start, end) = (_bytes * thread / threads, _bytes * (thread + 1) / threads);
            Buffer.MemoryCopy(_source + start, _target + start, end - start, end - start);
        });
    }

    public void Dispose()
    {
        if (--_users == 0) Free();
    }

    private static void Free()
    {
        NativeMemory.AlignedFree(_source);
        NativeMemory.AlignedFree(_target);
        _source = _target = null;
        _capacity = 0;
    }

    /// <summary>Memory that has been written once, so that no page is faulted in while it is timed.</summary>
    private static byte* Allocate(long bytes)
    {
        var memory = (byte*)NativeMemory.AlignedAlloc((nuint)bytes, 64);
        NativeMemory.Fill(memory, (nuint)bytes, 1);
        return memory;
    }
}
