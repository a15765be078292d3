using TorchSharp;
using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>Shape, type and device of a tensor. libtorch lets any tensor be a parameter's gradient; kernels that read memory must not.</summary>
/// <param name="Shape">The sizes.</param>
/// <param name="Type">The type of the elements.</param>
/// <param name="Device">The kind of device.</param>
/// <param name="DeviceIndex">Which device of that kind.</param>
internal readonly record struct TensorKind(long[] Shape, ScalarType Type, DeviceType Device, int DeviceIndex)
{
    public static TensorKind Of(Tensor tensor) => new(tensor.shape, tensor.dtype, tensor.device_type, tensor.device_index);

    /// <summary>Whether another tensor has the same shape, type and device. Allocates nothing.</summary>
    public bool Fits(Tensor tensor)
    {
        if (tensor.dtype != Type || tensor.device_type != Device || tensor.dim() != Shape.Length) return false;
        if (Device != DeviceType.CPU && tensor.device_index != DeviceIndex) return false;
        for (var i = 0; i < Shape.Length; i++)
        {
            if (tensor.size(i) != Shape[i]) return false;
        }
        return true;
    }

    public override string ToString() => $"shape [{string.Join(", ", Shape)}] and type {Type} on {Device}";
}
