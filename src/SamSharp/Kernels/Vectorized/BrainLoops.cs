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
}
