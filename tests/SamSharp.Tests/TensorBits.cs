namespace SamSharp.Tests;

/// <summary>Equality to the last bit, where "close" would hide an error.</summary>
internal static class TensorBits
{
    public static bool SameBits(this Tensor tensor, Tensor other) =>
        tensor.dtype == other.dtype && tensor.shape.SequenceEqual(other.shape) && tensor.bytes.SequenceEqual(other.bytes);
}
