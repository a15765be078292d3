using static TorchSharp.torch;

namespace SamSharp.Kernels;

/// <summary>bfloat16 or float16 weights that are computed in float32.</summary>
/// <param name="Weights">The weights.</param>
/// <param name="Masters">The contiguous float32 weights that they were rounded from, unless something else has changed them since; null if there are
/// none.</param>
/// <param name="Keys">A key for each tensor, which with an element's index determines the random bits of its rounding; null to round to the
/// nearest.</param>
internal readonly record struct NarrowWeights(Tensor[] Weights, Tensor[]? Masters = null, ulong[]? Keys = null)
{
    /// <summary>Whether a number type has 16 bits.</summary>
    public static bool Is16Bits(ScalarType type) => type is ScalarType.BFloat16 or ScalarType.Float16;

    /// <summary>All but the first ones.</summary>
    public NarrowWeights From(int first) => new(Weights[first..], Masters?[first..], Keys?[first..]);

    /// <summary>The members of a list at some places.</summary>
    public static T[] Of<T>(T[] list, int[] places) => Array.ConvertAll(places, place => list[place]);
}
