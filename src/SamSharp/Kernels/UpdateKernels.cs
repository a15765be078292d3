namespace SamSharp.Kernels;

/// <summary>The implementations at hand, each without state and safe to share.</summary>
public static class UpdateKernels
{
    /// <summary>libtorch's multi-tensor operators: the default, on any device and for any float dtype.</summary>
    public static ITensorListKernels MultiTensor { get; } = new MultiTensorKernels();

    /// <summary>One tensor at a time: slow and plain, to compare with.</summary>
    public static ITensorListKernels Reference { get; } = new ReferenceKernels();
}
