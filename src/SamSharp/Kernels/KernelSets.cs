using SamSharp.Kernels.Cuda;

namespace SamSharp.Kernels;

/// <summary>The implementations of the update, each safe to share.</summary>
internal static class KernelSets
{
    private static readonly CudaKernels OnCuda = MakeCuda(Environment.GetEnvironmentVariable(CudaSwitch.Variable));

    /// <summary>The best for each list's device: <see cref="Vectorized"/> on the CPU, <see cref="Cuda"/> on NVIDIA's,
    /// <see cref="MultiTensor"/> on any other.</summary>
    public static ITensorListKernels Default { get; }

    /// <summary>Vectorized passes over memory, for contiguous float32 and float64 tensors on the CPU;
    /// <see cref="MultiTensor"/> for other lists.</summary>
    public static ITensorListKernels Vectorized { get; } = new VectorizedKernels();

    /// <summary>Kernels for contiguous tensors on an NVIDIA GPU, Turing or later; <see cref="MultiTensor"/> for other lists, and where they
    /// cannot run. <see cref="CudaStatus"/> tells which.</summary>
    public static ITensorListKernels Cuda => OnCuda;

    /// <summary>libtorch's multi-tensor operators, on any device and for any float dtype.</summary>
    public static ITensorListKernels MultiTensor { get; } = new MultiTensorKernels();

    /// <summary>One tensor at a time: slow and simple, for comparison.</summary>
    public static ITensorListKernels Reference { get; } = new ReferenceKernels();

    /// <summary>Whether the kernels of <see cref="Cuda"/> run, device by device, and if not, why.</summary>
    public static string CudaStatus => OnCuda.Status;

    /// <summary>Launches of the kernels of <see cref="Cuda"/> so far, on all devices.</summary>
    public static long CudaLaunches => OnCuda.Launches;

    /// <summary>The kernels on the installed driver. If they cannot run, one line on standard error says so.</summary>
    /// <param name="setting">The value of the environment variable that turns them off.</param>
    internal static CudaKernels MakeCuda(string? setting) =>
        CudaKernels.Tested(() => new CudaDriver(), Console.Error.WriteLine, CudaSwitch.Reason(setting));

    static KernelSets() => Default = new DeviceKernels(Vectorized, Cuda, MultiTensor);

    /// <summary>The implementation that a user chose.</summary>
    public static ITensorListKernels Of(UpdateKernels choice) => choice switch
    {
        UpdateKernels.Automatic => Default,
        UpdateKernels.MultiTensor => MultiTensor,
        UpdateKernels.Reference => Reference,
        _ => throw new ArgumentOutOfRangeException(nameof(choice), choice, "The kernels can be one of " +
            $"{string.Join(", ", Enum.GetNames<UpdateKernels>())}."),
    };
}
