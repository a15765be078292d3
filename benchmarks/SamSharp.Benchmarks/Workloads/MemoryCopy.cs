using System.Runtime.InteropServices;
using TorchSharp;

namespace SamSharp.Benchmarks.Workloads;

/// <summary>
/// The floor of anything that passes over memory: memcpy that reads and writes as many bytes, as one large block per thread on as many threads
/// as libtorch uses.
/// </summary>
/// <param name="bytesMoved">Bytes read and written together; half of them are copied.</param>
internal sealed unsafe class MemoryCopy(long bytesMoved) : IDisposable
{
    private readonly long _bytes = bytesMoved / 2;
    private readonly byte* _source = Allocate(bytesMoved / 2);
    private readonly byte* _target = Allocate(bytesMoved / 2);

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
        NativeMemory.AlignedFree(_source);
        NativeMemory.AlignedFree(_target);
    }

    /// <summary>Memory that has been written once, so that no page is faulted in while it is timed.</summary>
    private static byte* Allocate(long bytes)
    {
        var memory = (byte*)NativeMemory.AlignedAlloc((nuint)bytes, 64);
        NativeMemory.Fill(memory, (nuint)bytes, 1);
        return memory;
    }
}
