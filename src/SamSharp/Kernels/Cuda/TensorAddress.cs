using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace SamSharp.Kernels.Cuda;

/// <summary>
/// The address of a tensor's first element, on any device and for any dtype. TorchSharp gives it only for the CPU, or through three new handles;
/// the function of its native library behind both takes about ten nanoseconds.
/// </summary>
internal static unsafe class TensorAddress
{
    private static readonly delegate* unmanaged<nint, nint> Data = Find();

    /// <exception cref="CudaException">The native library has no such function.</exception>
    public static nint Of(Tensor tensor) => Data(tensor.Handle);

    /// <summary>Makes sure that addresses are available.</summary>
    /// <exception cref="CudaException">They are not.</exception>
    public static void Require()
    {
        if (Data == null) throw new CudaException("TorchSharp's native library tells no addresses: it has no THSTensor_data");
    }

    private static delegate* unmanaged<nint, nint> Find() =>
        NativeLibrary.TryLoad("LibTorchSharp", typeof(Tensor).Assembly, null, out var library)
        && NativeLibrary.TryGetExport(library, "THSTensor_data", out var function)
            ? (delegate* unmanaged<nint, nint>)function : null;
}
