using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace SamSharp.Kernels.Vectorized;

/// <summary>The two loops behind every operation.</summary>
internal static unsafe class Loops<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>Elements summed in the tensors' precision before they join a sum in double.</summary>
    private const int Run = 4096;

    /// <summary>The sum of the lanes.</summary>
    public static double Sum<TLanes>(TLanes lanes, T* weights, T* vectors, int count) where TLanes : struct, ILanes<T> =>
        Sum(lanes, new PlainOperands<T>(weights, vectors), count);

    /// <summary>The sum of the lanes, in the same order for operands of any type.</summary>
    public static double Sum<TLanes, TOperands>(TLanes lanes, TOperands on, int count)
        where TLanes : struct, ILanes<T> where TOperands : struct, IOperands<T>
    {
        double total = 0;
        for (var start = 0; start < count; start += Run) total += ShortSum(lanes, on, start, Math.Min(start + Run, count));
        return total;
    }

    /// <summary>result := lanes. The result may be the weights or the vectors.</summary>
    /// <param name="lanes">What to compute.</param>
    /// <param name="weights">First operand.</param>
    /// <param name="vectors">Second operand.</param>
    /// <param name="results">Where to.</param>
    /// <param name="count">How many elements.</param>
    /// <param name="pastCache">Whether results are written past the cache, which spares reading what they
    /// replace; for more than the cache holds.</param>
    public static void Map<TLanes>(TLanes lanes, T* weights, T* vectors, T* results, int count, bool pastCache) where TLanes : struct, ILanes<T>
    {
        var on = new PlainOperands<T>(weights, vectors);
        var i = 0;
        for (var line = pastCache ? (int)(-(nint)results & 63) / sizeof(T) : 0; i < Math.Min(line, count); i++) Alone(lanes, on, results, i);
        if (Vector512.IsHardwareAccelerated) i = Map<Register512<T>, TLanes>(lanes, on, results, i, count, pastCache);
        if (i < count) i = Map<Register256<T>, TLanes>(lanes, on, results, i, count, pastCache);
        if (pastCache && Sse.IsSupported) Sse.StoreFence();
        for (; i < count; i++) Alone(lanes, on, results, i);
    }

    /// <summary>Not inlined, as no loop is: the compiler inlines only so much into one method, and then leaves calls in the loops.</summary>
    /// <returns>The first element that is left.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Map<TRegister, TLanes>(TLanes lanes, PlainOperands<T> on, T* results, int i, int count, bool pastCache)
        where TRegister : struct, IWideRegister<TRegister, T> where TLanes : struct, ILanes<T>
    {
        for (; i <= count - TRegister.Count; i += TRegister.Count)
        {
            var values = Of<TRegister, TLanes, PlainOperands<T>>(lanes, on, i);
            if (pastCache) values.StorePastCache(results + i);
            else values.Store(results + i);
        }
        return i;
    }

    private static void Alone<TLanes>(TLanes lanes, PlainOperands<T> on, T* results, int at) where TLanes : struct, ILanes<T> =>
        Of<Single<T>, TLanes, PlainOperands<T>>(lanes, on, at).Store(results + at);

    /// <summary>The lanes from one element on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TRegister Of<TRegister, TLanes, TOperands>(TLanes lanes, TOperands on, int at)
        where TRegister : struct, IRegister<TRegister, T> where TLanes : struct, ILanes<T> where TOperands : struct, IOperands<T> =>
        lanes.Of(on.Weights<TRegister>(at), on.Vectors<TRegister>(at), at);

    private static double ShortSum<TLanes, TOperands>(TLanes lanes, TOperands on, int i, int end)
        where TLanes : struct, ILanes<T> where TOperands : struct, IOperands<T>
    {
        var sum = double.CreateTruncating(Vector512.IsHardwareAccelerated
            ? ShortSum<Register512<T>, TLanes, TOperands>(lanes, on, ref i, end)
            : ShortSum<Register256<T>, TLanes, TOperands>(lanes, on, ref i, end));
        for (; i < end; i++) sum += double.CreateTruncating(Of<Single<T>, TLanes, TOperands>(lanes, on, i).Value);
        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static T ShortSum<TRegister, TLanes, TOperands>(TLanes lanes, TOperands on, ref int start, int end)
        where TRegister : struct, IWideRegister<TRegister, T> where TLanes : struct, ILanes<T> where TOperands : struct, IOperands<T>
    {
        // Four sums of 256 bits, so that an addition does not wait for the previous one.
        TRegister a = default, b = default, c = default, d = default;
        var i = start;
        for (; i <= end - (2 * Vector512<T>.Count); i += 2 * Vector512<T>.Count)
        {
            a += Of<TRegister, TLanes, TOperands>(lanes, on, i);
            b += Of<TRegister, TLanes, TOperands>(lanes, on, i + TRegister.Count);
            if (TRegister.Count == Vector512<T>.Count) continue;
            c += Of<TRegister, TLanes, TOperands>(lanes, on, i + (2 * TRegister.Count));
            d += Of<TRegister, TLanes, TOperands>(lanes, on, i + (3 * TRegister.Count));
        }
        start = i;
        return TRegister.Sum(a, b, c, d);
    }
}
