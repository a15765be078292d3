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

    // Kernels over a few numbers, for float32 and float64; a total is a float64 number.
    Total,
    Root,
    Scale,
}
