using TorchSharp;
using static TorchSharp.torch;

namespace SamSharp.Kernels.Cuda;

/// <summary>Where tensors lie.</summary>
/// <param name="Kind">The kind of device.</param>
/// <param name="OrdinalOf">The number of a tensor's device, the same to the driver and to libtorch.</param>
/// <param name="AddressOf">The address of a tensor's first element on its device.</param>
internal sealed record TensorPlace(DeviceType Kind, Func<Tensor, int> OrdinalOf, Func<Tensor, nint> AddressOf)
{
    /// <summary>On NVIDIA's GPUs. Only tests use other places.</summary>
    public static TensorPlace Gpu { get; } = new(DeviceType.CUDA, tensor => tensor.device_index, TensorAddress.Of);
}
