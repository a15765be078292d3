using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace SamSharp.Kernels.Vectorized;

/// <summary>The addresses of adjacent bfloat16 elements that are mapped.</summary>
internal readonly unsafe struct BrainOperands(ushort* weights, float* masters, ushort* vectors, ushort* results)
{
    /// <summary>First operand.</summary>
    public readonly ushort* Weights = weights;

    /// <summary>float32 weights that the first operand was rounded from; null if there are none.</summary>
    public readonly float* Masters = masters;

    /// <summary>Second operand.</summary>
    public readonly ushort* Vectors = vectors;

    /// <summary>Where to; may be the weights or the vectors.</summary>
    public readonly ushort* Results = results;
}

/// <summary>The loops over bfloat16, the upper half of a float32: read, computed in float32, and rounded once.</summary>
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

    /// <summary>result := lanes.</summary>
    /// <param name="lanes">What to compute.</param>
    /// <param name="rounding">How to round it.</param>
    /// <param name="operands">The operands.</param>
    /// <param name="index">The first element's index in its tensor.</param>
    /// <param name="count">How many elements.</param>
    /// <param name="pastCache">Whether results are written past the cache, which spares reading what they
    /// replace; for more than the cache holds.</param>
    public static void Map<TLanes, TRounding>(TLanes lanes, TRounding rounding, BrainOperands operands, long index, int count, bool pastCache)
        where TLanes : struct, ILanes<float> where TRounding : struct, IBrainRounding
    {
        var results = operands.Results;
        var i = 0;
        for (; TRounding.NeedsGroups && i < count && (index + i) % Width != 0; i++) results[i] = One(lanes, rounding, operands, i, index);
        if (pastCache && (nuint)(results + i) % (nuint)sizeof(Vector256<ushort>) == 0)
        {
            for (; i <= count - Width; i += Width) Many(lanes, rounding, operands, i, index).StoreAlignedNonTemporal(results + i);
            if (Sse.IsSupported) Sse.StoreFence();
        }
        else
        {
            for (; i <= count - Width; i += Width) Many(lanes, rounding, operands, i, index).Store(results + i);
        }
        for (; i < count; i++) results[i] = One(lanes, rounding, operands, i, index);
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

    /// <summary>target := source.</summary>
    /// <param name="rounding">How to round.</param>
    /// <param name="source">float32.</param>
    /// <param name="target">bfloat16.</param>
    /// <param name="index">The first element's index in its tensor.</param>
    /// <param name="count">How many elements.</param>
    public static void Write<TRounding>(TRounding rounding, float* source, ushort* target, long index, int count)
        where TRounding : struct, IBrainRounding
    {
        var i = 0;
        for (; TRounding.NeedsGroups && i < count && (index + i) % Width != 0; i++) target[i] = rounding.One(source[i], index + i);
        for (; i <= count - Width; i += Width)
            rounding.Many(Vector256.Load(source + i), Vector256.Load(source + i + (Width / 2)), index + i).Store(target + i);
        for (; i < count; i++) target[i] = rounding.One(source[i], index + i);
    }

    /// <summary>master := weight where the weight is not what the master rounds to.</summary>
    public static void TakeUpChanges(ushort* weights, float* masters, int count)
    {
        var i = 0;
        for (; i <= count - Width; i += Width)
        {
            var (lower, upper) = Current(weights + i, masters + i, out var changed);
            if (!changed) continue;
            lower.Store(masters + i);
            upper.Store(masters + i + (Width / 2));
        }
        for (; i < count; i++) masters[i] = Current(weights[i], masters[i]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ushort One<TLanes, TRounding>(TLanes lanes, TRounding rounding, BrainOperands on, int at, long index)
        where TLanes : struct, ILanes<float> where TRounding : struct, IBrainRounding
    {
        var weight = on.Masters == null ? Widen(on.Weights[at]) : Current(on.Weights[at], on.Masters[at]);
        return rounding.One(lanes.One(weight, Widen(on.Vectors[at])), index + at);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ushort> Many<TLanes, TRounding>(TLanes lanes, TRounding rounding, BrainOperands on, int at, long index)
        where TLanes : struct, ILanes<float> where TRounding : struct, IBrainRounding
    {
        var (w, x) = on.Masters == null ? Load(on.Weights + at) : Current(on.Weights + at, on.Masters + at, out _);
        var (v, y) = Load(on.Vectors + at);
        return rounding.Many(lanes.Many(w, v), lanes.Many(x, y), index + at);
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

    private static (Vector256<float> Lower, Vector256<float> Upper) Load(ushort* source) => Widen(Vector256.Load(source));

    private static (Vector256<float> Lower, Vector256<float> Upper) Widen(Vector256<ushort> values)
    {
        var (lower, upper) = Vector256.Widen(values);
        return ((lower << 16).AsSingle(), (upper << 16).AsSingle());
    }

    private static float Widen(ushort value) => BitConverter.UInt32BitsToSingle((uint)value << 16);

    /// <summary>The masters, with the weights where these are not what the masters round to.</summary>
    private static (Vector256<float> Lower, Vector256<float> Upper) Current(ushort* weights, float* masters, out bool changed)
    {
        var narrow = Vector256.Load(weights);
        var (lower, upper) = (Vector256.Load(masters), Vector256.Load(masters + (Width / 2)));
        var same = Vector256.Equals(default(ToNearest).Many(lower, upper, 0), narrow);
        changed = same != Vector256<ushort>.AllBitsSet;
        if (!changed) return (lower, upper);
        var (w, x) = Widen(narrow);
        var (first, second) = Vector256.Widen(same.AsInt16());
        return (Vector256.ConditionalSelect(first.AsSingle(), lower, w), Vector256.ConditionalSelect(second.AsSingle(), upper, x));
    }

    private static float Current(ushort weight, float master) => default(ToNearest).One(master, 0) == weight ? master : Widen(weight);
}
