using System.Runtime.InteropServices;
using SamSharp.DriverChecks;
using SamSharp.Kernels.Cuda;

namespace SamSharp.Tests.Kernels.Ptx;

/// <summary>The device that runs PTX here, with memory that no tensor owns.</summary>
internal sealed unsafe class PtxMachine(PtxDriver driver) : ICudaMachine
{
    private const nuint Alignment = 256; // a GPU's

    public ICudaDriver Driver => driver;

    public int Ordinal => 1;

    public string Name => "PTX on the CPU";

    /// <summary>How many buffers are not freed.</summary>
    public int Buffers { get; private set; }

    public nint Allocate(long bytes)
    {
        Buffers++;
        return driver.Memory.Map((nint)NativeMemory.AlignedAlloc((nuint)bytes, Alignment), bytes);
    }

    public void Free(nint address)
    {
        Buffers--;
        NativeMemory.AlignedFree((void*)driver.Memory.Unmap(address).Host);
    }

    public void Upload(nint target, ReadOnlySpan<byte> source) => source.CopyTo(At(target, source.Length));

    public void Download(Span<byte> target, nint source) => At(source, target.Length).CopyTo(target);

    public void Copy(nint target, nint source, long bytes) => At(source, (int)bytes).CopyTo(At(target, (int)bytes));

    public void Synchronize()
    {
    }

    private Span<byte> At(nint address, int bytes)
    {
        var buffer = driver.Memory.Find((ulong)address, (ulong)bytes);
        return new((void*)(buffer.Host + (nint)((ulong)address - buffer.Start)), bytes);
    }
}
