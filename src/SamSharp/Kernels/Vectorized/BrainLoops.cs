using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace SamSharp.Kernels.Vectorized;

/// <summary>Where adjacent results go.</summary>
/// <param name="rounded">bfloat16; may be one of the operands.</param>
/// <param name="exact">The float32 that they are rounded from; null if they go nowhere.</param>
internal readonly unsafe struct BrainResults(ushort* rounded, float* exact = null)
{
    public readonly ushort* Rounded = rounded;

    public readonly float* Exact = exact;
}

/// <summary>The loops that write bfloat16, the upper half of a float32: computed in float32, and rounded once.</summary>
internal static unsafe class BrainLoops
{
    /// <summary>result := lanes.</summary>
    /// <param name="lanes">What to compute.</param>
    /// <param name="rounding">How to round it.</param>
    /// <param name="on">The operands.</param>
    /// <param name="results">Where to.</param>
    /// <param name="index">The first element's index in its tensor.</param>
    /// <param name="count">How many elements.</param>
    /// <param name="pastCache">Whether results are written past the cache, which spares reading what they
    /// replace; for more than the cache holds.</param>
    public static void Map<TLanes, TRounding, TOperands>(TLanes lanes, TRounding rounding, TOperands on, BrainResults results, long index, int count,
        bool pastCache) where TLanes : struct, ILanes<float> where TRounding : struct, IBrainRounding where TOperands : struct, IOperands<float>
    {
        var head = TRounding.NeedsGroups ? (int)(-index & 15) : 0;
        if (pastCache)
        {
            var line = (int)(-(nint)results.Rounded & 63) / sizeof(ushort); // the address must be one that a register's size divides
            pastCache = !TRounding.NeedsGroups || (line - head) % 16 == 0;
            if (pastCache) head = line;
        }
        var i = Math.Min(head, count);
        if (i > 0) Alone(lanes, rounding, on, results, index, 0, i);
        if (Vector512.IsHardwareAccelerated)
            i = Map<Register512<float>, TLanes, TRounding, TOperands>(lanes, rounding, on, results, index, i, count, pastCache);
        if (i < count) i = Map<Register256<float>, TLanes, TRounding, TOperands>(lanes, rounding, on, results, index, i, count, pastCache);
        if (pastCache && Sse.IsSupported) Sse.StoreFence();
        if (i < count) Alone(lanes, rounding, on, results, index, i, count);
    }

    /// <summary>target := source.</summary>
    /// <param name="rounding">How to round.</param>
    /// <param name="source">float32.</param>
    /// <param name="target">bfloat16.</param>
    /// <param name="index">The first element's index in its tensor.</param>
    /// <param name="count">How many elements.</param>
    public static void Write<TRounding>(TRounding rounding, float* source, ushort* target, long index, int count)
        where TRounding : struct, IBrainRounding =>
        Map(default(Plain<float>), rounding, new PlainOperands<float>(source, source), new(target), index, count, false);

    /// <summary>master := weight where the weight is not what the master rounds to.</summary>
    public static void TakeUpChanges(ushort* weights, float* masters, int count)
    {
        var i = 0;
        if (Vector512.IsHardwareAccelerated) i = TakeUpChanges<Register512<float>>(weights, masters, i, count);
        TakeUpChanges<Single<float>>(weights, masters, TakeUpChanges<Register256<float>>(weights, masters, i, count), count);
    }

    /// <returns>The first element that is left.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Map<TRegister, TLanes, TRounding, TOperands>(TLanes lanes, TRounding rounding, TOperands on, BrainResults results, long index,
        int i, int count, bool pastCache) where TRegister : struct, IWideRegister<TRegister, float>
        where TLanes : struct, ILanes<float> where TRounding : struct, IBrainRounding where TOperands : struct, IOperands<float>
    {
        for (; i <= count - (2 * TRegister.Count); i += 2 * TRegister.Count)
        {
            var first = Loops<float>.Of<TRegister, TLanes, TOperands>(lanes, on, i);
            var second = Loops<float>.Of<TRegister, TLanes, TOperands>(lanes, on, i + TRegister.Count);
            if (results.Exact != null)
            {
                first.Store(results.Exact + i);
                second.Store(results.Exact + i + TRegister.Count);
            }
            first.Round(rounding, second, index + i, results.Rounded + i, pastCache);
        }
        return i;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Alone<TLanes, TRounding, TOperands>(TLanes lanes, TRounding rounding, TOperands on, BrainResults results, long index, int i,
        int end) where TLanes : struct, ILanes<float> where TRounding : struct, IBrainRounding where TOperands : struct, IOperands<float>
    {
        for (; i < end; i++)
        {
            var value = Loops<float>.Of<Single<float>, TLanes, TOperands>(lanes, on, i).Value;
            if (results.Exact != null) results.Exact[i] = value;
            results.Rounded[i] = rounding.One(value, index + i);
        }
    }

    /// <returns>The first element that is left.</returns>
    private static int TakeUpChanges<TRegister>(ushort* weights, float* masters, int i, int count)
        where TRegister : struct, IRegister<TRegister, float>
    {
        for (; i <= count - TRegister.Count; i += TRegister.Count)
        {
            var exact = TRegister.Load(masters + i);
            if (TRegister.Follow(ref exact, weights + i)) exact.Store(masters + i);
        }
        return i;
    }
}
