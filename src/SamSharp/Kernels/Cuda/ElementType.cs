namespace SamSharp.Kernels.Cuda;

/// <summary>The dtypes that there are kernels for.</summary>
internal enum ElementType
{
    Float32,
    Float64,
    Float16,
    BFloat16,
}
