using System.Runtime.Intrinsics;

namespace SamSharp.Kernels.Vectorized;

/// <summary>The loops over bfloat16, the upper half of a float32: read, computed in float32, and rounded to the nearest once, ties to even.</summary>
internal static unsafe class BrainLoops
{
    /// <summary>Elements summed in float32 before they join a sum in double.</summary>
    private const int Run = 4096;

    private static readonly int Width = Vector256<ushort>.Count;

    /// <summary>The sum of the lanes.</summary>
    public static double Sum<TLanes>(TLanes lanes, ushort* weights, ushort* vectors, int count) where TLanes : struct, ILanes<float>
    {
        double total = 0;
        for (var start = 0; start < count; start += Run) total += ShortSum(lanes, weights + start, vectors + start, Math.Min(Run, count - start));
        return total;
    }

    /// <summary>result := lanes. The result may be the weights or the vectors.</summary>
    /// <param name="lanes">What to compute.</param>
    /// <param name="weights">First operand.</param>
    /// <param name="vectors">Second operand.</param>
    /// <param name="results">Where to.</param>
    /// <param name="count">How many elements.</param>
    public static void Map<TLanes>(TLanes lanes, ushort* weights, ushort* vectors, ushort* results, int count) where TLanes : struct, ILanes<float>
    {
        var i = 0;
        for (; i <= count - Width; i += Width)
        {
            var (w, x) = Load(weights + i);
            var (v, y) = Load(vectors + i);
            Vector256.Narrow(Round(lanes.Many(w, v)), Round(lanes.Many(x, y))).Store(results + i);
        }
        for (; i < count; i++) results[i] = Round(lanes.One(Widen(weights[i]), Widen(vectors[i])));
    }

    private static double ShortSum<TLanes>(TLanes lanes, ushort* weights, ushort* vectors, int count) where TLanes : struct, ILanes<float>
    {
        var (a, b) = (Vector256<float>.Zero, Vector256<float>.Zero);
        var i = 0;
        for (; i <= count - Width; i += Width)
        {
            var (w, x) = Load(weights + i);
            var (v, y) = Load(vectors + i);
            (a, b) = (a + lanes.Many(w, v), b + lanes.Many(x, y));
        }
        double sum = Vector256.Sum(a + b);
        for (; i < count; i++) sum += lanes.One(Widen(weights[i]), Widen(vectors[i]));
        return sum;
    }

    private static (Vector256<float> Lower, Vector256<float> Upper) Load(ushort* source)
    {
        var (lower, upper) = Vector256.Widen(Vector256.Load(source));
        return ((lower << 16).AsSingle(), (upper << 16).AsSingle());
    }

    private static Vector256<uint> Round(Vector256<float> value)
    {
        var bits = value.AsUInt32();
        var rounded = (bits + Vector256.Create(0x7FFFu) + ((bits >>> 16) & Vector256<uint>.One)) >>> 16;
        // Rounding could carry a NaN over to infinity or to a number.
        return Vector256.ConditionalSelect(Vector256.Equals(value, value).AsUInt32(), rounded, (bits >>> 16) | Vector256.Create(0x40u));
    }

    private static float Widen(ushort value) => BitConverter.UInt32BitsToSingle((uint)value << 16);

    private static ushort Round(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)(float.IsNaN(value) ? (bits >> 16) | 0x40 : (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    /// <summary>target := source.</summary>
    public static void Widen(ushort* source, float* target, int count)
    {
        var i = 0;
        for (; i <= count - Width; i += Width)
        {
            var (lower, upper) = Load(source + i);
            lower.Store(target + i);
            upper.Store(target + i + (Width / 2));
        }
        for (; i < count; i++) target[i] = Widen(source[i]);
    }

    /// <summary>target := source, rounded to the nearest.</summary>
    public static void Round(float* source, ushort* target, int count)
    {
        var i = 0;
        for (; i <= count - Width; i += Width)
            Vector256.Narrow(Round(Vector256.Load(source + i)), Round(Vector256.Load(source + i + (Width / 2)))).Store(target + i);
        for (; i < count; i++) target[i] = Round(source[i]);
    }

    /// <summary>master := weight where the weight is not what the master rounds to.</summary>
    public static void TakeUpChanges(ushort* weights, float* masters, int count)
    {
        for (var i = 0; i < count; i++)
        {
            if (Round(masters[i]) != weights[i]) masters[i] = Widen(weights[i]);
        }
    }

    /// <summary>target := source, rounded at random.</summary>
    /// <param name="source">float32.</param>
    /// <param name="target">bfloat16.</param>
    /// <param name="index">The first element's index in its tensor, which with the key determines its random bits.</param>
    /// <param name="count">How many elements.</param>
    /// <param name="key">The tensor's key.</param>
    public static void RoundAtRandom(float* source, ushort* target, long index, int count, ulong key)
    {
        var i = 0;
        for (; i < count && (index + i) % Width != 0; i++) target[i] = RoundAtRandom(source[i], index + i, key);
        for (; i <= count - Width; i += Width)
        {
            // One hash has the bits of two elements, which are half a register apart.
            var group = Vector256.Create((uint)((index + i) / 2)) + Vector256<uint>.Indices;
            var bits = RandomBits(group, key);
            Vector256.Narrow(RoundUp(Vector256.Load(source + i), bits >>> 16),
                RoundUp(Vector256.Load(source + i + (Width / 2)), bits & Vector256.Create(0xFFFFu))).Store(target + i);
        }
        for (; i < count; i++) target[i] = RoundAtRandom(source[i], index + i, key);
    }

    private static ushort RoundAtRandom(float value, long index, ulong key)
    {
        var hash = RandomBits(Vector256.Create((uint)((index / Width * (Width / 2)) + (index % (Width / 2)))), key)[0];
        var bits = BitConverter.SingleToUInt32Bits(value);
        if (float.IsNaN(value)) return (ushort)((bits >> 16) | 0x40);
        return (ushort)((bits + (index % Width < Width / 2 ? hash >> 16 : hash & 0xFFFF)) >> 16);
    }

    private static Vector256<uint> RoundUp(Vector256<float> value, Vector256<uint> random)
    {
        var bits = value.AsUInt32();
        return Vector256.ConditionalSelect(
            Vector256.Equals(value, value).AsUInt32(), (bits + random) >>> 16, (bits >>> 16) | Vector256.Create(0x40u));
    }

    /// <summary>A hash of a group of elements: the 32-bit finalizer "lowbias32" (Wellons, "Prospecting for Hash Functions", 2018) with the
    /// halves of the key before and after it.</summary>
    private static Vector256<uint> RandomBits(Vector256<uint> group, ulong key)
    {
        var hash = group ^ Vector256.Create((uint)key);
        hash = (hash ^ (hash >>> 16)) * Vector256.Create(0x7FEB352Du);
        hash = (hash ^ (hash >>> 15)) * Vector256.Create(0x846CA68Bu);
        hash = ((hash ^ (hash >>> 16)) + Vector256.Create((uint)(key >> 32))) * Vector256.Create(0x9E3779B1u);
        return hash ^ (hash >>> 15);
    }
}
