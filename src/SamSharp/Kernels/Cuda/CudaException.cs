namespace SamSharp.Kernels.Cuda;

/// <summary>Why the CUDA kernels cannot run on a device. It never reaches the user: other kernels take over, and
/// <see cref="KernelSets.CudaStatus"/> reports it.</summary>
internal sealed class CudaException(string reason) : Exception(reason);
