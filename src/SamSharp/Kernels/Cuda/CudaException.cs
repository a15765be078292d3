namespace SamSharp.Kernels.Cuda;

/// <summary>Why kernels of ours cannot run on a device. Never reaches the user: other kernels take over, and <see cref="KernelSets.CudaStatus"/> tells.</summary>
internal sealed class CudaException(string reason) : Exception(reason);
