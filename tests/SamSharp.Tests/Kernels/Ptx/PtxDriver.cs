using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using SamSharp.Kernels.Cuda;

namespace SamSharp.Tests.Kernels.Ptx;

/// <summary>
/// A driver that runs PTX on the CPU, with no other compiler than .NET's. It is as strict as the real one where a mistake would not show otherwise;
/// what a GPU would run wrongly or not at all ends the test with a <see cref="PtxException"/>.
/// </summary>
internal sealed unsafe class PtxDriver : ICudaDriver
{
    private const int Success = 0, InvalidValue = 1, InvalidImage = 200, InvalidContext = 201, InvalidHandle = 400, NotFound = 500;
    private const int Devices = 8, FirstDevice = 42, FirstContext = 1000;

    private readonly ConcurrentDictionary<int, Stack<nint>> _contexts = new(); // of each thread, as in CUDA
    private readonly List<(nint Context, Dictionary<string, string> Kernels)> _modules = [];
    private readonly List<(nint Context, PtxProgram Program)> _functions = [];
    private long _launches;

    /// <summary>The device's memory. Tensors of the host are in it under other addresses.</summary>
    public PtxMemory Memory { get; } = new();

    /// <summary>Changes the text of a module before it is loaded.</summary>
    public Func<string, string>? Edit { get; init; }

    /// <summary>Launches so far.</summary>
    public long Launches => Interlocked.Read(ref _launches);

    /// <summary>How many contexts are on this thread's stack.</summary>
    public int ContextsPushed => Contexts.Count;

    private Stack<nint> Contexts => _contexts.GetOrAdd(Environment.CurrentManagedThreadId, _ => new());

    public int Init() => Success;

    public int DeviceGet(out int device, int ordinal)
    {
        device = FirstDevice + ordinal;
        return ordinal is >= 0 and < Devices ? Success : InvalidValue;
    }

    public int DevicePrimaryCtxRetain(out nint context, int device)
    {
        context = FirstContext + device;
        return device is >= FirstDevice and < FirstDevice + Devices ? Success : InvalidValue;
    }

    public int CtxPushCurrent(nint context)
    {
        Contexts.Push(context);
        return Success;
    }

    public int CtxPopCurrent(out nint context) => Contexts.TryPop(out context) ? Success : InvalidContext;

    public int ModuleLoadData(out nint module, byte* image)
    {
        module = 0;
        if (ContextsPushed != 1) return InvalidContext;
        var text = Marshal.PtrToStringUTF8((nint)image)!;
        if (!text.EndsWith("}\n", StringComparison.Ordinal)) return InvalidImage;
        var kernels = PtxKernel.Texts(Edit is null ? text : Edit(text));
        lock (_modules)
        {
            _modules.Add((Contexts.Peek(), kernels));
            module = _modules.Count;
        }
        return Success;
    }

    public int ModuleGetFunction(out nint function, nint module, string name)
    {
        function = 0;
        lock (_modules)
        {
            if (module < 1 || module > _modules.Count) return InvalidHandle;
            var (context, kernels) = _modules[(int)module - 1];
            if (!kernels.TryGetValue(name, out var text)) return NotFound;
            _functions.Add((context, PtxProgram.Of(name, text)));
            function = _functions.Count;
        }
        return Success;
    }

    public int LaunchKernel(nint function, uint blocks, uint threads, void** arguments)
    {
        if (ContextsPushed != 1) return InvalidContext;
        (nint Context, PtxProgram Program) launched;
        lock (_modules)
        {
            if (function < 1 || function > _functions.Count) return InvalidHandle;
            launched = _functions[(int)function - 1];
        }
        if (launched.Context != Contexts.Peek()) return InvalidHandle;
        var kernel = launched.Program.Kernel;
        if (blocks == 0 || threads != kernel.Threads) return InvalidValue;
        var bytes = kernel.Parameters.SelectMany((parameter, i) =>
        {
            var padded = new byte[(parameter.Bytes + 7) / 8 * 8];
            new Span<byte>(arguments[i], parameter.Bytes).CopyTo(padded);
            return padded;
        }).ToArray();
        new PtxBlock(launched.Program, Memory, bytes).Run(blocks, backwards: Interlocked.Increment(ref _launches) % 2 == 0);
        return Success;
    }

    public string ErrorName(int error) => error switch
    {
        InvalidValue => "CUDA_ERROR_INVALID_VALUE",
        InvalidImage => "CUDA_ERROR_INVALID_IMAGE",
        InvalidContext => "CUDA_ERROR_INVALID_CONTEXT",
        InvalidHandle => "CUDA_ERROR_INVALID_HANDLE",
        NotFound => "CUDA_ERROR_NOT_FOUND",
        _ => "CUDA_ERROR_UNKNOWN",
    };
}
