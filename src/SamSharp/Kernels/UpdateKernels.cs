using SamSharp.Kernels.Cuda;

namespace SamSharp.Kernels;

/// <summary>The implementations at hand, each safe to share.</summary>
public static class UpdateKernels
{
    private static readonly CudaKernels OnCuda = new(() => new CudaDriver());

    /// <summary>The best for each list's device: <see cref="Vectorized"/> on the CPU, <see cref="Cuda"/> on NVIDIA's, <see cref="MultiTensor"/> on any other.</summary>
    public static ITensorListKernels Default { get; }

    /// <summary>Vectorized passes over memory, for contiguous float32 and float64 tensors on the CPU; <see cref="MultiTensor"/> for other lists.</summary>
    public static ITensorListKernels Vectorized { get; } = new VectorizedKernels();

    /// <summary>Kernels for contiguous tensors on an NVIDIA GPU, Turing or later; <see cref="MultiTensor"/> for other lists, and where they cannot run.
    /// <see cref="CudaStatus"/> tells which.</summary>
    public static ITensorListKernels Cuda => OnCuda;

    /// <summary>libtorch's multi-tensor operators, on any device and for any float dtype.</summary>
    public static ITensorListKernels MultiTensor { get; } = new MultiTensorKernels();

    /// <summary>One tensor at a time: slow and plain, to compare with.</summary>
    public static ITensorListKernels Reference { get; } = new ReferenceKernels();

    /// <summary>Whether the kernels of <see cref="Cuda"/> run, device by device, and if not, why: "cuda:0: used, 12 launches so far", or
    /// "cuda:0: not used, since cuModuleLoadData gave CUDA_ERROR_UNSUPPORTED_PTX_VERSION (222)". For people to read; the wording may change.</summary>
    public static string CudaStatus => OnCuda.Status;

    /// <summary>Launches of the kernels of <see cref="Cuda"/> so far, on all devices.</summary>
    internal static long CudaLaunches => OnCuda.Launches;

    static UpdateKernels() => Default = new DeviceKernels(Vectorized, Cuda, MultiTensor);
}
