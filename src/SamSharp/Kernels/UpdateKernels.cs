namespace SamSharp;

/// <summary>Which implementation computes an update.</summary>
public enum UpdateKernels
{
    /// <summary>The fastest for each device: vectorized passes over memory on the CPU, this library's kernels on an NVIDIA GPU,
    /// libtorch's multi-tensor operators elsewhere.</summary>
    Automatic,

    /// <summary>libtorch's multi-tensor operators, on any device.</summary>
    MultiTensor,

    /// <summary>One tensor at a time: slow and simple, for comparison.</summary>
    Reference,
}
