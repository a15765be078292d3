using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Model;

/// <summary>
/// Masks of 0 and 1/(1 - p), float32 on the CPU, in the time that writing them takes. libtorch draws one number at a time from one generator on one
/// thread, whatever the number of threads. Here eight xoshiro256++ generators (Blackman and Vigna 2021) run
/// side by side, sixteen bits decide an element, and their seed comes from torch's default generator: manual_seed and replayed passes act as always.
/// </summary>
internal static class DropoutMask
{
    private const int Bits = 16;
    private const int Block = 32; // elements that one draw of eight times 64 bits decides

    /// <summary>Whether such a mask can be drawn for these values.</summary>
    public static bool Serves(Tensor values) =>
        values.dtype == ScalarType.Float32 && values.device.type == DeviceType.CPU && values.NumberOfElements <= int.MaxValue / sizeof(float);

    /// <summary>A mask of this shape; the probability is rounded to a multiple of 2^-16, the scale matches the rounded one.</summary>
    public static Tensor Draw(long[] shape, double probability)
    {
        using var unrecorded = no_grad();
        var threshold = (uint)Math.Round(probability * (1 << Bits));
        var scale = (float)(1 / (1 - (threshold / (double)(1 << Bits))));
        var mask = empty(shape, float32, CPU);
        Fill(MemoryMarshal.Cast<byte, float>(mask.bytes), threshold, scale, Seed());
        return mask;
    }

    private static ulong Seed()
    {
        using var drawn = randint(long.MaxValue, [1], int64, CPU);
        return (ulong)drawn.item<long>();
    }

    private static void Fill(Span<float> mask, uint threshold, float scale, ulong seed)
    {
        var generator = new Xoshiro(seed);
        var (border, kept) = (Vector512.Create(threshold), Vector512.Create(scale));
        Span<float> rest = stackalloc float[Block];
        ref var first = ref MemoryMarshal.GetReference(mask);
        var whole = mask.Length - (mask.Length % Block);
        for (var i = 0; i < whole; i += Block)
            Decide(ref generator, border, kept, ref Unsafe.Add(ref first, i));
        Decide(ref generator, border, kept, ref rest[0]);
        rest[..(mask.Length - whole)].CopyTo(mask[whole..]);
    }

    private static void Decide(ref Xoshiro generator, Vector512<uint> border, Vector512<float> kept, ref float target)
    {
        var (low, high) = Vector512.Widen(generator.Next().AsUInt16());
        (Vector512.GreaterThanOrEqual(low, border).AsSingle() & kept).StoreUnsafe(ref target);
        (Vector512.GreaterThanOrEqual(high, border).AsSingle() & kept).StoreUnsafe(ref target, (nuint)Vector512<float>.Count);
    }

    /// <summary>Eight xoshiro256++ generators, one a lane, seeded by SplitMix64 as its authors advise.</summary>
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
