using SamSharp.Kernels.Cuda;

namespace SamSharp.Tests.Kernels.Cuda;

/// <summary>A driver that writes down what is launched, and fails where it is told to. Launches go on to another driver, or nowhere.</summary>
internal sealed unsafe class RecordingDriver(ICudaDriver? inner = null) : ICudaDriver
{
    private const int OutOfMemory = 2;
    private readonly Dictionary<nint, string> _names = [];
    private nint _functions;

    /// <summary>One launch. The table is empty where the kernel takes none.</summary>
    public sealed record Launch(string Kernel, uint Blocks, uint Threads, byte[] Table, nint First, nint Second, double Number);

    public List<Launch> Launches { get; } = [];

    public List<string> Calls { get; } = [];

    /// <summary>The call that fails, and how many of it succeed before.</summary>
    public (string Call, int After) Failure { get; set; }

    public int Init() => Result("cuInit", inner?.Init());

    public int DeviceGet(out int device, int ordinal)
    {
        device = 0;
        return Result("cuDeviceGet", inner?.DeviceGet(out device, ordinal));
    }

    public int DevicePrimaryCtxRetain(out nint context, int device)
    {
        context = 0;
        return Result("cuDevicePrimaryCtxRetain", inner?.DevicePrimaryCtxRetain(out context, device));
    }

    public int CtxPushCurrent(nint context) => Result("cuCtxPushCurrent", inner?.CtxPushCurrent(context));

    public int CtxPopCurrent(out nint context)
    {
        context = 0;
        return Result("cuCtxPopCurrent", inner?.CtxPopCurrent(out context));
    }

    public int ModuleLoadData(out nint module, byte* image)
    {
        module = 0;
        return Result("cuModuleLoadData", inner?.ModuleLoadData(out module, image));
    }

    public int ModuleGetFunction(out nint function, nint module, string name)
    {
        function = ++_functions;
        var result = Result("cuModuleGetFunction", inner?.ModuleGetFunction(out function, module, name));
        _names[function] = name;
        return result;
    }

    public int LaunchKernel(nint function, uint blocks, uint threads, void** arguments)
    {
        if (Result("cuLaunchKernel", null) is not 0 and var error) return error;
        var (kernel, takesTable) = (_names[function], threads == 256);
        Launches.Add(takesTable
            ? new(kernel, blocks, threads, new Span<byte>(arguments[0], LaunchTable.Bytes).ToArray(), *(nint*)arguments[1], *(nint*)arguments[2],
                *(double*)arguments[3])
            : new(kernel, blocks, threads, [], 0, 0, 0));
        return inner?.LaunchKernel(function, blocks, threads, arguments) ?? 0;
    }

    public string ErrorName(int error) => error == OutOfMemory ? "CUDA_ERROR_OUT_OF_MEMORY" : "CUDA_ERROR_UNKNOWN";

    private int Result(string call, int? result)
    {
        Calls.Add(call);
        return call == Failure.Call && Calls.Count(c => c == call) > Failure.After ? OutOfMemory : result ?? 0;
    }
}
