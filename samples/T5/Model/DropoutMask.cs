using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Model;

/// <summary>
/// Masks of 0 and 1/(1 - p), float32 or bfloat16 on the CPU, at the speed of writing them. libtorch draws one number at a time on a
/// single thread. Here eight xoshiro256++ generators (Blackman and Vigna 2021) run side by side and sixteen bits decide an element.
/// Their seed comes from torch's default generator, so manual_seed and replayed passes work as usual. A seed drops the same
/// elements in both types.
/// </summary>
internal static class DropoutMask
{
    private const int Bits = 16;
    private const int Block = 32; // elements that one draw of eight times 64 bits decides

    /// <summary>Whether such a mask can be drawn for these values.</summary>
    public static bool Serves(Tensor values) =>
        values.dtype is ScalarType.Float32 or ScalarType.BFloat16 &&
            values.device.type == DeviceType.CPU && values.NumberOfElements <= int.MaxValue / sizeof(float);

    /// <summary>A mask with the values' shape and type. The probability is rounded to a multiple of 2^-16, and the scale fits it.</summary>
    public static Tensor Draw(Tensor values, double probability)
    {
        using var unrecorded = no_grad();
        var threshold = (ushort)Math.Min(Math.Round(probability * (1 << Bits)), ushort.MaxValue);
        var scale = (float)(1 / (1 - (threshold / (double)(1 << Bits))));
        var mask = empty(values.shape, values.dtype, CPU);
        if (mask.dtype == ScalarType.Float32)
            Fill(MemoryMarshal.Cast<byte, float>(mask.bytes), threshold, scale, Seed());
        else
            Fill(MemoryMarshal.Cast<byte, ushort>(mask.bytes), threshold, BFloat16(scale), Seed());
        return mask;
    }

    private static ulong Seed()
    {
        using var drawn = randint(long.MaxValue, [1], int64, CPU);
        return (ulong)drawn.item<long>();
    }

    // bfloat16 is the upper half of a float32, rounded.
    private static ushort BFloat16(float value) => (ushort)((BitConverter.SingleToUInt32Bits(value) + 0x8000) >> 16);

    private static void Fill<T>(Span<T> mask, ushort threshold, T scale, ulong seed) where T : unmanaged
    {
        var generator = new Xoshiro(seed);
        var (border, scales) = (Vector512.Create(threshold), Vector512.Create(scale));
        Span<T> rest = stackalloc T[Block];
        ref var first = ref MemoryMarshal.GetReference(mask);
        var whole = mask.Length - (mask.Length % Block);
        for (var i = 0; i < whole; i += Block)
            Decide(ref generator, border, scales, ref Unsafe.Add(ref first, i));
        Decide(ref generator, border, scales, ref rest[0]);
        rest[..(mask.Length - whole)].CopyTo(mask[whole..]);
    }

    // All bits of a kept element are set, so a bitwise "and" with the scale yields the scale.
    private static void Decide<T>(ref Xoshiro generator, Vector512<ushort> border, Vector512<T> scales, ref T target) where T : unmanaged
    {
        var kept = Vector512.GreaterThanOrEqual(generator.Next().AsUInt16(), border).AsInt16();
        if (Vector512<T>.Count == Block)
        {
            (kept.As<short, T>() & scales).StoreUnsafe(ref target);
            return;
        }
        var (low, high) = Vector512.Widen(kept);
        (low.As<int, T>() & scales).StoreUnsafe(ref target);
        (high.As<int, T>() & scales).StoreUnsafe(ref target, (nuint)Vector512<T>.Count);
    }

    /// <summary>Eight xoshiro256++ generators, one per lane, seeded by SplitMix64 as the authors recommend.</summary>
    private struct Xoshiro
    {
        private Vector512<ulong> _a, _b, _c, _d;

        public Xoshiro(ulong seed)
        {
            (_a, _b, _c, _d) = (Lanes(), Lanes(), Lanes(), Lanes());

            Vector512<ulong> Lanes()
            {
                Span<ulong> lanes = stackalloc ulong[Vector512<ulong>.Count];
                foreach (ref var lane in lanes)
                    lane = SplitMix(seed += 0x9E3779B97F4A7C15);
                return Vector512.Create<ulong>(lanes);
            }
        }

        public Vector512<ulong> Next()
        {
            var result = Rotate(_a + _d, 23) + _a;
            var shifted = _b << 17;
            _c ^= _a;
            _d ^= _b;
            _b ^= _c;
            _a ^= _d;
            _c ^= shifted;
            _d = Rotate(_d, 45);
            return result;
        }

        private static Vector512<ulong> Rotate(Vector512<ulong> values, int count) => (values << count) | (values >>> (64 - count));

        private static ulong SplitMix(ulong value)
        {
            value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
            value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
            return value ^ (value >> 31);
        }
    }
}
