using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Model;

/// <summary>Which type the delicate parts (norms, softmax, loss) are computed in.</summary>
internal static class Precision
{
    /// <summary>float32 for the 16 bit types, else the type itself.</summary>
    public static ScalarType Wide(ScalarType type) => type is ScalarType.BFloat16 or ScalarType.Float16 ? ScalarType.Float32 : type;

    /// <summary>The tensor in the wide type: itself where it is that already.</summary>
    public static Tensor Widen(Tensor tensor) => tensor.dtype == Wide(tensor.dtype) ? tensor : tensor.to(Wide(tensor.dtype));

    /// <summary>The most negative number, which as an addend hides a position without making a fully hidden row NaN.</summary>
    public static double Lowest(ScalarType type) => finfo(type).min;
}
