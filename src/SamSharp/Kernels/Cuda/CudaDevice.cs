using System.Reflection;
using System.Text.Json;

namespace SamSharp.Kernels.Cuda;

/// <summary>The kernels of UpdateKernels.cu, loaded on one device.</summary>
/// <remarks>
/// They run in the device's primary context, which libtorch uses too, and on the legacy default stream, where libtorch's operators run unless another
/// stream is current; TorchSharp cannot change the stream. So everything happens in the order of the calls, and memory freed after a launch is reused
/// only for later work.
/// </remarks>
internal sealed unsafe class CudaDevice
{
    private const uint PassThreads = 256;
    private const uint FinishThreads = 1024;

    private readonly ICudaDriver _driver;
    private readonly nint _context;
    private readonly Dictionary<(Kernel, ElementType), nint> _functions = [];
    private long _launches;

    /// <param name="driver">The driver.</param>
    /// <param name="ordinal">The device's number, the same to the driver and to libtorch.</param>
    /// <exception cref="CudaException">The driver refuses.</exception>
    public CudaDevice(ICudaDriver driver, int ordinal)
    {
        _driver = driver;
        Require(driver.Init(), "cuInit");
        Require(driver.DeviceGet(out var device, ordinal), "cuDeviceGet");
        Require(driver.DevicePrimaryCtxRetain(out _context, device), "cuDevicePrimaryCtxRetain");
        InContext(Load);
    }

    /// <summary>Launches so far.</summary>
    public long Launches => Interlocked.Read(ref _launches);

    /// <summary>Why nothing more can be launched, although everything so far was; null as long as nothing is known.</summary>
    public string? Trouble { get; private set; }

    /// <summary>Counts from 0 again.</summary>
    public void ForgetLaunches() => Interlocked.Exchange(ref _launches, 0);

    /// <summary>One pass over the tensors of a table.</summary>
    /// <param name="pass">A kernel that passes over a list.</param>
    /// <param name="dtype">The tensors' dtype.</param>
    /// <param name="table">The tensors.</param>
    /// <param name="first">Where the pass leaves its sums, or finds its first factor.</param>
    /// <param name="second">Where it finds its second factor; in a pass over 16-bit weights, whether it rounds at random: 1 or 0.</param>
    /// <param name="number">A number that it needs.</param>
    /// <exception cref="CudaException">The driver refuses.</exception>
    public void Pass(Kernel pass, ElementType dtype, LaunchTable table, nint first, nint second, double number) =>
        Launch(pass, dtype, table.Chunks, PassThreads, &table, &first, &second, &number);

    /// <summary>The total of the float64 sums that a pass has left, or the square root of it in a dtype.</summary>
    /// <exception cref="CudaException">The driver refuses.</exception>
    public void Finish(Kernel finish, ElementType number, nint sums, uint count, nint result) =>
        Launch(finish, number, 1, FinishThreads, &sums, &count, &result);

    /// <summary>radius / (norm + floor), and 0 where the norm is 0 or not finite.</summary>
    /// <exception cref="CudaException">The driver refuses.</exception>
    public void Scale(ElementType number, nint norm, double radius, double floor, nint result) =>
        Launch(Kernel.Scale, number, 1, 1, &norm, &radius, &floor, &result);

    private void Launch(Kernel kernel, ElementType dtype, uint blocks, uint threads, void* first, void* second, void* third, void* fourth = null)
    {
        var arguments = stackalloc void*[] { first, second, third, fourth };
        var function = _functions[(kernel, dtype)];
        Require(_driver.CtxPushCurrent(_context), "cuCtxPushCurrent");
        var (launched, popped) = (0, 0);
        try
        {
            launched = _driver.LaunchKernel(function, blocks, threads, arguments);
        }
        finally
        {
            popped = _driver.CtxPopCurrent(out _);
        }
        Require(launched, "cuLaunchKernel");
        Interlocked.Increment(ref _launches);
        // What was launched runs: were it called a failure, others would do the same work again.
        if (popped != 0) Trouble ??= Describe(popped, "cuCtxPopCurrent");
    }

    private void Load()
    {
        nint module;
        fixed (byte* image = Image()) Require(_driver.ModuleLoadData(out module, image), "cuModuleLoadData");
        foreach (var kernel in Enum.GetValues<Kernel>())
        {
            foreach (var dtype in kernel.Dtypes())
            {
                Require(_driver.ModuleGetFunction(out var function, module, NameOf(kernel, dtype)), "cuModuleGetFunction");
                _functions[(kernel, dtype)] = function;
            }
        }
    }

    private static string NameOf(Kernel kernel, ElementType dtype) =>
        $"{JsonNamingPolicy.SnakeCaseLower.ConvertName(kernel.ToString())}_{dtype.ToString().ToLowerInvariant()}";

    private static byte[] Image()
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("UpdateKernels.ptx")!;
        var image = new byte[stream.Length + 1];
        stream.ReadExactly(image, 0, (int)stream.Length);
        return image;
    }

    private void InContext(Action action)
    {
        Require(_driver.CtxPushCurrent(_context), "cuCtxPushCurrent");
        try
        {
            action();
        }
        finally
        {
            _driver.CtxPopCurrent(out _);
        }
    }

    private void Require(int result, string call)
    {
        if (result != 0) throw new CudaException(Describe(result, call));
    }

    private string Describe(int result, string call) => $"{call} gave {_driver.ErrorName(result)} ({result})";
}
