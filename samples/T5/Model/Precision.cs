using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Model;

/// <summary>The type for numerically sensitive parts (norms, softmax, loss).</summary>
internal static class Precision
{
    /// <summary>float32 for 16-bit types, otherwise the type itself.</summary>
    public static ScalarType Wide(ScalarType type) => type is ScalarType.BFloat16 or ScalarType.Float16 ? ScalarType.Float32 : type;

    /// <summary>The tensor in the wide type; the same tensor if it already has it.</summary>
    public static Tensor Widen(Tensor tensor) => tensor.dtype == Wide(tensor.dtype) ? tensor : tensor.to(Wide(tensor.dtype));

    /// <summary>The most negative number: as an addend it hides a position, and unlike -infinity it does not make a fully hidden row NaN.</summary>
    public static double Lowest(ScalarType type) => finfo(type).min;

    /// <summary>
    /// The type of the residual stream of a model that computes in another: float32 beside float16, whose range the stream of a T5 leaves.
    /// transformers comes to the same by keeping the feed-forward layers' output weights in float32 (<c>_keep_in_fp32_modules</c>), and clamps.
    /// </summary>
    public static ScalarType OfStream(ScalarType type) => type == ScalarType.Float16 ? ScalarType.Float32 : type;

    /// <summary>float16 without infinities, which stand for what is past its range: the nearest number in it. Other types as they are.</summary>
    public static Tensor ToFinite(Tensor tensor)
    {
        if (tensor.dtype != ScalarType.Float16)
            return tensor;
        var largest = finfo(ScalarType.Float16).max;
        return tensor.Clamped(-largest, largest);
    }
}
