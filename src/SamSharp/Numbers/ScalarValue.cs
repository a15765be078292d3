using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>Reads the number in a tensor of one element. <c>item</c> does the same, but leaves an object to the finalizer each time.</summary>
internal static class ScalarValue
{
    /// <summary>The number in a float32 or float64 tensor; waits for the device that has it.</summary>
    public static double Value(this Tensor scalar)
    {
        if (scalar.device_type == DeviceType.CPU)
        {
            var value = scalar.dtype == ScalarType.Float64 ? MemoryMarshal.Read<double>(scalar.bytes) : MemoryMarshal.Read<float>(scalar.bytes);
            GC.KeepAlive(scalar);
            return value;
        }
        using var here = scalar.cpu();
        GC.KeepAlive(scalar);
        return here.Value();
    }
}
