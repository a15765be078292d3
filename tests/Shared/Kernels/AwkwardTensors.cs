namespace SamSharp.Tests.Support;

/// <summary>Lists of tensors of sizes around every vector width, empty ones and scalars among them.</summary>
internal static class AwkwardTensors
{
    private static readonly long[][] Shapes =
        [[0], [1], [2], [3], [5], [7], [8], [9], [15], [16], [17], [31], [33], [63], [64], [65], [3, 5], [2, 0, 3], [4, 3, 2], [1000], []];

    /// <summary>
    /// The same numbers for the same seed, also in further shapes; if not contiguous, every other element of a tensor twice as wide.
    /// </summary>
    public static Tensor[] Make(ulong seed, ScalarType dtype, Device device, bool contiguous, params IEnumerable<long[]> further)
    {
        using var generator = new Generator(seed);
        return Shapes.Concat(further).Select(shape =>
        {
            if (contiguous || shape.Length == 0) return Random(shape);
            long[] wide = [.. shape[..^1], shape[^1] * 2];
            using var whole = Random(wide);
            return whole.slice(-1, 0, wide[^1], 2);
        }).ToArray();

        Tensor Random(long[] shape)
        {
            using var drawn = randn(shape, ScalarType.Float64, generator: generator);
            return drawn.to(dtype, device);
        }
    }
}
