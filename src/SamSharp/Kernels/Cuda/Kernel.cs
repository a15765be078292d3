namespace SamSharp.Kernels.Cuda;

/// <summary>The kernels of UpdateKernels.cu, where each is named in lower case, with the dtype at the end: scaled_square_float32.</summary>
internal enum Kernel
{
    // Passes over a list, for every dtype. The first three leave a float64 number for each chunk.
    Square,
    ScaledSquare,
    Product,
    Step,
    AdaptiveStep,
    Copy,
    Accumulate,
    Mix,

    // Passes over 16-bit weights that have masters or are rounded at random.
    RoundedStep,
    RoundedAdaptiveStep,
    Round,
    TakeUpChanges,

    // Kernels over a few numbers, for float32 and float64; a total is a float64 number.
    Total,
    Root,
    Scale,
}

/// <summary>What kernels work on.</summary>
internal static class KernelExtensions
{
    /// <summary>The dtypes that there is a kernel for.</summary>
    public static IEnumerable<ElementType> Dtypes(this Kernel kernel) => Enum.GetValues<ElementType>().Where(type =>
        kernel < Kernel.RoundedStep || (kernel.IsRounded() ? type is ElementType.Float16 or ElementType.BFloat16
            : type == ElementType.Float64 || (type == ElementType.Float32 && kernel != Kernel.Total)));

    /// <summary>Whether it is a pass over 16-bit weights that have masters or are rounded at random.</summary>
    public static bool IsRounded(this Kernel kernel) => kernel is >= Kernel.RoundedStep and <= Kernel.TakeUpChanges;
}
