using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using SamSharp.Kernels.Cuda;

namespace SamSharp.DriverChecks;

/// <summary>A GPU behind the installed driver, in the primary context.</summary>
internal sealed unsafe class CudaMachine : ICudaMachine
{
    private readonly nint _library;
    private readonly nint _context;

    /// <exception cref="CudaException">There is no driver, or no such device.</exception>
    public CudaMachine(int ordinal)
    {
        Driver = new CudaDriver();
        _library = NativeLibrary.Load(OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1");
        Require(Driver.Init(), "cuInit");
        Require(Driver.DeviceGet(out var device, ordinal), "cuDeviceGet");
        Require(Driver.DevicePrimaryCtxRetain(out _context, device), "cuDevicePrimaryCtxRetain");
        Ordinal = ordinal;
        var (name, version) = (new byte[256], 0);
        fixed (byte* text = name)
            Require(((delegate* unmanaged<byte*, int, int, int>)Find("cuDeviceGetName"))(text, name.Length, device), "cuDeviceGetName");
        Require(((delegate* unmanaged<int*, int>)Find("cuDriverGetVersion"))(&version), "cuDriverGetVersion");
        Name = string.Create(CultureInfo.InvariantCulture,
            $"{Encoding.UTF8.GetString(name).TrimEnd('\0')}, driver for CUDA {version / 1000}.{version % 1000 / 10}");
    }

    public ICudaDriver Driver { get; }

    public int Ordinal { get; }

    public string Name { get; }

    public nint Allocate(long bytes)
    {
        var address = new nint[1];
        fixed (nint* pointer = address)
        {
            var target = (nint)pointer;
            InContext("cuMemAlloc_v2", function => ((delegate* unmanaged<nint, nint, int>)function)(target, (nint)bytes));
        }
        return address[0];
    }

    public void Free(nint address) => InContext("cuMemFree_v2", function => ((delegate* unmanaged<nint, int>)function)(address));

    public void Upload(nint target, ReadOnlySpan<byte> source)
    {
        fixed (byte* bytes = source)
        {
            var (from, count) = ((nint)bytes, (nint)source.Length);
            InContext("cuMemcpyHtoD_v2", function => ((delegate* unmanaged<nint, nint, nint, int>)function)(target, from, count));
        }
    }

    public void Download(Span<byte> target, nint source)
    {
        fixed (byte* bytes = target)
        {
            var (to, count) = ((nint)bytes, (nint)target.Length);
            InContext("cuMemcpyDtoH_v2", function => ((delegate* unmanaged<nint, nint, nint, int>)function)(to, source, count));
        }
    }

    public void Copy(nint target, nint source, long bytes) =>
        InContext("cuMemcpyDtoD_v2", function => ((delegate* unmanaged<nint, nint, nint, int>)function)(target, source, (nint)bytes));

    public void Synchronize() => InContext("cuCtxSynchronize", function => ((delegate* unmanaged<int>)function)());

    private void InContext(string name, Func<nint, int> call)
    {
        var function = Find(name);
        Require(Driver.CtxPushCurrent(_context), "cuCtxPushCurrent");
        var result = call(function);
        Require(Driver.CtxPopCurrent(out _), "cuCtxPopCurrent");
        Require(result, name);
    }

    private nint Find(string name) =>
        NativeLibrary.TryGetExport(_library, name, out var function) ? function : throw new CudaException($"the driver has no {name}");

    private void Require(int result, string call)
    {
        if (result != 0) throw new CudaException($"{call} gave {Driver.ErrorName(result)} ({result})");
    }
}
