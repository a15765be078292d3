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
}
