namespace SamSharp.Kernels;

/// <summary>The implementations at hand, each without state and safe to share.</summary>
public static class UpdateKernels
{
    /// <summary>Vectorized passes over memory on the CPU, libtorch's multi-tensor operators elsewhere: the default.</summary>
    public static ITensorListKernels Vectorized { get; } = new VectorizedKernels();

    /// <summary>libtorch's multi-tensor operators, on any device and for any float dtype.</summary>
    public static ITensorListKernels MultiTensor { get; } = new MultiTensorKernels();

    /// <summary>One tensor at a time: slow and plain, to compare with.</summary>
    public static ITensorListKernels Reference { get; } = new ReferenceKernels();
}
