using static TorchSharp.torch;

namespace SamSharp.Distributed;

/// <summary>Where tensors lie.</summary>
internal static class Memory
{
    /// <summary>The address of the first element of a tensor of float32 or float64, on its device.</summary>
    public static long Of(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        var address = tensor.dtype == ScalarType.Float64 ? tensor.storage<double>().data_ptr() : tensor.storage<float>().data_ptr();
        return address.ToInt64() + (tensor.storage_offset() * tensor.ElementSize);
    }
}
