using SamSharp.Kernels;
using SamSharp.Kernels.Cuda;

namespace SamSharp.Tests.Kernels.Ptx;

/// <summary>The CUDA kernels on a device that this machine imitates: the PTX that is shipped runs, and lists on the CPU are taken for lists
/// on a GPU. Everything else is what runs on a GPU.</summary>
internal static class PtxDevice
{
    /// <summary>Kernels on a device of their own, which is not tested at first use.</summary>
    /// <param name="driver">The device's driver; null for one of its own.</param>
    /// <param name="around">What is put around the driver, if anything.</param>
    /// <param name="warn">What is told of a failure.</param>
    public static CudaKernels Kernels(PtxDriver? driver = null, Func<ICudaDriver, ICudaDriver>? around = null, Action<string>? warn = null)
    {
        driver ??= new();
        return On(around is null ? driver : around(driver), Place(driver.Memory.AddressOf), warn);
    }

    /// <summary>Kernels that are not tested at first use.</summary>
    public static CudaKernels On(ICudaDriver driver, TensorPlace? place = null, Action<string>? warn = null) =>
        new(new CudaDevices(() => driver, (_, _, _) => null, warn ?? (_ => { }), null), place ?? Place(TensorAddress.Of));

    /// <summary>Kernels as users have them.</summary>
    public static CudaKernels Tested(PtxDriver driver, Func<ICudaDriver, ICudaDriver>? around = null, Action<string>? warn = null,
        string? off = null) =>
        CudaKernels.Tested(() => around is null ? driver : around(driver), warn ?? (_ => { }), off, Place(driver.Memory.AddressOf));

    /// <summary>A first GPU that has the CPU's tensors.</summary>
    private static TensorPlace Place(Func<Tensor, nint> addressOf) => new(DeviceType.CPU, _ => 0, addressOf);
}
