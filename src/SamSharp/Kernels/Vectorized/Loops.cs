using System.Numerics;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace SamSharp.Kernels.Vectorized;

/// <summary>The two loops behind every operation.</summary>
internal static unsafe class Loops<T> where T : unmanaged, INumber<T>
{
    /// <summary>Elements summed in the tensors' precision before they join a sum in double.</summary>
    private const int Run = 4096;

    private static readonly int Width = Vector256<T>.Count;

    /// <summary>The sum of the lanes.</summary>
    public static double Sum<TLanes>(TLanes lanes, T* weights, T* vectors, int count) where TLanes : struct, ILanes<T>
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
    /// <param name="pastCache">Whether results are written past the cache, which spares reading what they
    /// replace; for more than the cache holds.</param>
    public static void Map<TLanes>(TLanes lanes, T* weights, T* vectors, T* results, int count, bool pastCache) where TLanes : struct, ILanes<T>
    {
        var i = 0;
        if (pastCache && (nuint)results % (nuint)sizeof(Vector256<T>) == 0)
        {
            for (; i <= count - Width; i += Width)
                lanes.Many(Vector256.Load(weights + i), Vector256.Load(vectors + i)).StoreAlignedNonTemporal(results + i);
            if (Sse.IsSupported) Sse.StoreFence();
        }
        else
        {
            for (; i <= count - Width; i += Width)
                lanes.Many(Vector256.Load(weights + i), Vector256.Load(vectors + i)).Store(results + i);
        }
        for (; i < count; i++) results[i] = lanes.One(weights[i], vectors[i]);
    }

    private static double ShortSum<TLanes>(TLanes lanes, T* weights, T* vectors, int count) where TLanes : struct, ILanes<T>
    {
        // Four sums, so that an addition does not wait for the previous one.
        var (a, b, c, d) = (Vector256<T>.Zero, Vector256<T>.Zero, Vector256<T>.Zero, Vector256<T>.Zero);
        var i = 0;
        for (; i <= count - (4 * Width); i += 4 * Width)
        {
            var w = lanes.Many(Vector256.Load(weights + i), Vector256.Load(vectors + i));
            var x = lanes.Many(Vector256.Load(weights + i + Width), Vector256.Load(vectors + i + Width));
            var y = lanes.Many(Vector256.Load(weights + i + (2 * Width)), Vector256.Load(vectors + i + (2 * Width)));
            var z = lanes.Many(Vector256.Load(weights + i + (3 * Width)), Vector256.Load(vectors + i + (3 * Width)));
            (a, b, c, d) = (a + w, b + x, c + y, d + z);
        }
        var sum = double.CreateTruncating(Vector256.Sum(a + b + (c + d)));
        for (; i < count; i++) sum += double.CreateTruncating(lanes.One(weights[i], vectors[i]));
        return sum;
    }
}
