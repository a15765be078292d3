namespace SamSharp;

/// <summary>Which implementation computes an update.</summary>
public enum UpdateKernels
{
    /// <summary>The fastest for each device: vectorized passes over memory on the CPU, kernels of this library on an NVIDIA GPU, libtorch's multi-tensor operators elsewhere.</summary>
    Automatic,

    /// <summary>libtorch's multi-tensor operators, on any device.</summary>
    MultiTensor,

    /// <summary>One tensor at a time: slow and plain, to compare with.</summary>
    Reference,
}
