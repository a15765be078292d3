using SamSharp.Kernels.Vectorized;
using static TorchSharp.torch;

namespace SamSharp.Kernels;

/// <summary>
/// Rounds float32 to bfloat16 or float16 at random: up with the probability of the distance from below, so that the mean of the rounded number is
/// the number. The random bits depend on a key and on the element's index alone, not on devices, threads, or how the work is cut.
/// </summary>
internal static class StochasticRounding
{
    // The same hash as BrainLoops.RandomBits, in int64 (dtype 4) since TorchScript has no uint32; nor has it hexadecimal numbers, nor
    // views of a number's bits, so that the spacing comes from the exponent.
    private static readonly TorchScript Script = new("""
        def mix(h: Tensor, shift: int, factor: int):
            return (torch.bitwise_xor(h, torch.bitwise_right_shift(h, shift)) * factor) & 4294967295

        def random_bits(start: int, count: int, first: int, second: int, like: Tensor):
            i = torch.arange(start, start + count, dtype=4, device=like.device)
            h = (torch.bitwise_right_shift(i, 4) * 8 + (i & 7)) & 4294967295
            h = mix(torch.bitwise_xor(h, first), 16, 2146121005)
            h = mix(h, 15, 2221713035)
            h = torch.bitwise_xor(h, torch.bitwise_right_shift(h, 16))
            h = ((h + second) * 2654435761) & 4294967295
            h = torch.bitwise_xor(h, torch.bitwise_right_shift(h, 15))
            return torch.where((i & 8) > 0, h & 65535, torch.bitwise_right_shift(h, 16))

        def round(target: Tensor, source: Tensor, start: int, first: int, second: int, digits: float, least: float):
            flat = source.reshape([-1]).double()
            size = flat.abs()
            mantissa, exponent = torch.frexp(size)
            spacing = torch.where(size > 0, torch.clamp(size / mantissa / digits, min=least), 1.0)
            below = size / spacing
            up = random_bits(start, flat.numel(), first, second, source).double() / 65536.0
            rounded = torch.copysign(torch.floor(below + up) * spacing, flat)
            target.copy_(torch.where(torch.isfinite(flat), rounded, flat).view_as(source))
        """);

    /// <summary>Whether a number type has 16 bits.</summary>
    public static bool Is16Bits(ScalarType type) => type is ScalarType.BFloat16 or ScalarType.Float16;

    /// <summary>target := source, rounded at random.</summary>
    /// <param name="target">bfloat16 or float16, of the source's shape.</param>
    /// <param name="source">float32, contiguous.</param>
    /// <param name="key">Determines the random bits, together with the element's index.</param>
    /// <param name="start">The index of the first element.</param>
    public static void Round(Tensor target, Tensor source, ulong key, long start = 0)
    {
        using var from = TensorMemory.Of([source]);
        using var to = from is null || target.dtype != ScalarType.BFloat16 ? null : TensorMemory.Of([target]);
        if (to is null) RoundByOperators(target, source, key, start);
        else RoundMemory(to, from!, key, start);
        GC.KeepAlive(source);
        GC.KeepAlive(target);
    }

    /// <summary>The same, by libtorch's operators, on any device.</summary>
    public static void RoundByOperators(Tensor target, Tensor source, ulong key, long start = 0) =>
        Script.Run("round", [target, source, start, (long)(uint)key, (long)(uint)(key >> 32),
            target.dtype == ScalarType.BFloat16 ? 256.0 : 2048.0, Math.ScaleB(1, target.dtype == ScalarType.BFloat16 ? -133 : -24)]);

    private static unsafe void RoundMemory(TensorMemory to, TensorMemory from, ulong key, long start) => Work.ForEach(to, piece =>
        BrainLoops.RoundAtRandom(from.At<float>(0, piece), to.At<ushort>(0, piece), start + piece.Start, piece.Count, key));
}
