using System.Runtime.InteropServices;

namespace SamSharp.Kernels.Cuda;

/// <summary>The installed driver: libcuda.so.1, or nvcuda.dll on Windows. No CUDA toolkit is needed.</summary>
internal sealed unsafe class CudaDriver : ICudaDriver
{
    private readonly delegate* unmanaged<uint, int> _init;
    private readonly delegate* unmanaged<int*, int, int> _deviceGet;
    private readonly delegate* unmanaged<nint*, int, int> _devicePrimaryCtxRetain;
    private readonly delegate* unmanaged<nint, int> _ctxPushCurrent;
    private readonly delegate* unmanaged<nint*, int> _ctxPopCurrent;
    private readonly delegate* unmanaged<nint*, void*, int> _moduleLoadData;
    private readonly delegate* unmanaged<nint*, nint, byte*, int> _moduleGetFunction;
    private readonly delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int> _launchKernel;
    private readonly delegate* unmanaged<int, byte**, int> _getErrorName;

    /// <summary>Loads the driver and its functions.</summary>
    /// <param name="library">The library's name; null for the system's driver.</param>
    /// <exception cref="CudaException">There is no driver, or it lacks a function.</exception>
    public CudaDriver(string? library = null)
    {
        library ??= OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1";
        if (!NativeLibrary.TryLoad(library, out var driver)) throw new CudaException($"NVIDIA's driver is not installed: there is no {library}");
        _init = (delegate* unmanaged<uint, int>)Function("cuInit");
        _deviceGet = (delegate* unmanaged<int*, int, int>)Function("cuDeviceGet");
        _devicePrimaryCtxRetain = (delegate* unmanaged<nint*, int, int>)Function("cuDevicePrimaryCtxRetain");
        _ctxPushCurrent = (delegate* unmanaged<nint, int>)Function("cuCtxPushCurrent_v2");
        _ctxPopCurrent = (delegate* unmanaged<nint*, int>)Function("cuCtxPopCurrent_v2");
        _moduleLoadData = (delegate* unmanaged<nint*, void*, int>)Function("cuModuleLoadData");
        _moduleGetFunction = (delegate* unmanaged<nint*, nint, byte*, int>)Function("cuModuleGetFunction");
        _launchKernel = (delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int>)Function("cuLaunchKernel");
        _getErrorName = (delegate* unmanaged<int, byte**, int>)Function("cuGetErrorName");

        nint Function(string name) =>
            NativeLibrary.TryGetExport(driver, name, out var function) ? function : throw new CudaException($"{library} has no {name}");
    }

    public int Init() => _init(0);

    public int DeviceGet(out int device, int ordinal)
    {
        fixed (int* result = &device) return _deviceGet(result, ordinal);
    }

    public int DevicePrimaryCtxRetain(out nint context, int device)
    {
        fixed (nint* result = &context) return _devicePrimaryCtxRetain(result, device);
    }

    public int CtxPushCurrent(nint context) => _ctxPushCurrent(context);

    public int CtxPopCurrent(out nint context)
    {
        fixed (nint* result = &context) return _ctxPopCurrent(result);
    }

    public int ModuleLoadData(out nint module, byte* image)
    {
        fixed (nint* result = &module) return _moduleLoadData(result, image);
    }

    public int ModuleGetFunction(out nint function, nint module, string name)
    {
        var text = Marshal.StringToCoTaskMemUTF8(name);
        try
        {
            fixed (nint* result = &function) return _moduleGetFunction(result, module, (byte*)text);
        }
        finally
        {
            Marshal.FreeCoTaskMem(text);
        }
    }

    public int LaunchKernel(nint function, uint blocks, uint threads, void** arguments) =>
        _launchKernel(function, blocks, 1, 1, threads, 1, 1, 0, 0, arguments, null);

    public string ErrorName(int error)
    {
        byte* name = null;
        return _getErrorName(error, &name) == 0 && name != null ? Marshal.PtrToStringUTF8((nint)name)! : "error";
    }
}
