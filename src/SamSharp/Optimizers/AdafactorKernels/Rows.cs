using System.Numerics;
using System.Runtime.InteropServices;

namespace SamSharp.Optimizers.AdafactorKernels;

/// <summary>Vectorized loops over rows of equal length. Two vectors a turn keep two sums independent of each other.</summary>
internal static class Rows
{
    public static double Sum<T>(ReadOnlySpan<T> x) where T : unmanaged, IFloatingPointIeee754<T>
    {
        double sum = 0;
        foreach (var value in x) sum += double.CreateTruncating(value);
        return sum;
    }

    /// <summary>sum += x.</summary>
    public static void Add<T>(Span<T> sum, ReadOnlySpan<T> x) where T : unmanaged, IFloatingPointIeee754<T>
    {
        for (var i = 0; i < sum.Length; i++) sum[i] += x[i];
    }

    /// <summary>columns += x^2; the sum of x^2.</summary>
    public static double AddSquares<T>(ReadOnlySpan<T> x, Span<T> columns) where T : unmanaged, IFloatingPointIeee754<T>
    {
        ref T xs = ref MemoryMarshal.GetReference(x), sums = ref MemoryMarshal.GetReference(columns);
        var (even, odd) = (Vector<T>.Zero, Vector<T>.Zero);
        int i = 0, width = Vector<T>.Count;
        for (; i <= x.Length - 2 * width; i += 2 * width)
        {
            Vector<T> first = Vector.LoadUnsafe(ref xs, (nuint)i), second = Vector.LoadUnsafe(ref xs, (nuint)(i + width));
            (first, second) = (first * first, second * second);
            (Vector.LoadUnsafe(ref sums, (nuint)i) + first).StoreUnsafe(ref sums, (nuint)i);
            (Vector.LoadUnsafe(ref sums, (nuint)(i + width)) + second).StoreUnsafe(ref sums, (nuint)(i + width));
            (even, odd) = (even + first, odd + second);
        }
        var total = double.CreateTruncating(Vector.Sum(even + odd));
        for (; i < x.Length; i++)
        {
            var square = x[i] * x[i];
            columns[i] += square;
            total += double.CreateTruncating(square);
        }
        return total;
    }

    /// <summary>The sum of (x y)^2.</summary>
    public static double SumOfSquaredProducts<T>(ReadOnlySpan<T> x, ReadOnlySpan<T> y) where T : unmanaged, IFloatingPointIeee754<T>
    {
        ref T xs = ref MemoryMarshal.GetReference(x), ys = ref MemoryMarshal.GetReference(y);
        var (even, odd) = (Vector<T>.Zero, Vector<T>.Zero);
        int i = 0, width = Vector<T>.Count;
        for (; i <= x.Length - 2 * width; i += 2 * width)
        {
            var first = Vector.LoadUnsafe(ref xs, (nuint)i) * Vector.LoadUnsafe(ref ys, (nuint)i);
            var second = Vector.LoadUnsafe(ref xs, (nuint)(i + width)) * Vector.LoadUnsafe(ref ys, (nuint)(i + width));
            (even, odd) = (even + first * first, odd + second * second);
        }
        var total = double.CreateTruncating(Vector.Sum(even + odd));
        for (; i < x.Length; i++)
        {
            var product = x[i] * y[i];
            total += double.CreateTruncating(product * product);
        }
        return total;
    }

    /// <summary>The sum of x^2.</summary>
    public static double SumOfSquares<T>(ReadOnlySpan<T> x) where T : unmanaged, IFloatingPointIeee754<T>
    {
        ref T xs = ref MemoryMarshal.GetReference(x);
        var (even, odd) = (Vector<T>.Zero, Vector<T>.Zero);
        int i = 0, width = Vector<T>.Count;
        for (; i <= x.Length - 2 * width; i += 2 * width)
        {
            Vector<T> first = Vector.LoadUnsafe(ref xs, (nuint)i), second = Vector.LoadUnsafe(ref xs, (nuint)(i + width));
            (even, odd) = (even + first * first, odd + second * second);
        }
        var total = double.CreateTruncating(Vector.Sum(even + odd));
        for (; i < x.Length; i++) total += double.CreateTruncating(x[i] * x[i]);
        return total;
    }

    /// <summary>w = keep w - factor x y.</summary>
    public static void Subtract<T>(Span<T> w, T keep, ReadOnlySpan<T> x, ReadOnlySpan<T> y, T factor) where T : unmanaged, IFloatingPointIeee754<T>
    {
        ref T ws = ref MemoryMarshal.GetReference(w), xs = ref MemoryMarshal.GetReference(x), ys = ref MemoryMarshal.GetReference(y);
        var i = 0;
        for (; i <= w.Length - Vector<T>.Count; i += Vector<T>.Count)
        {
            var change = Vector.LoadUnsafe(ref xs, (nuint)i) * factor * Vector.LoadUnsafe(ref ys, (nuint)i);
            (Vector.LoadUnsafe(ref ws, (nuint)i) * keep - change).StoreUnsafe(ref ws, (nuint)i);
        }
        for (; i < w.Length; i++) w[i] = w[i] * keep - x[i] * factor * y[i];
    }

    /// <summary>m = beta m + (1 - beta) factor x y; w = keep w - m.</summary>
    public static void Subtract<T>(Span<T> w, T keep, ReadOnlySpan<T> x, ReadOnlySpan<T> y, T factor, Span<T> m, T beta)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        ref T ws = ref MemoryMarshal.GetReference(w), ms = ref MemoryMarshal.GetReference(m);
        ref T xs = ref MemoryMarshal.GetReference(x), ys = ref MemoryMarshal.GetReference(y);
        var (i, rest) = (0, T.One - beta);
        for (; i <= w.Length - Vector<T>.Count; i += Vector<T>.Count)
        {
            var change = Vector.LoadUnsafe(ref xs, (nuint)i) * factor * Vector.LoadUnsafe(ref ys, (nuint)i);
            var moment = Vector.LoadUnsafe(ref ms, (nuint)i) * beta + change * rest;
            moment.StoreUnsafe(ref ms, (nuint)i);
            (Vector.LoadUnsafe(ref ws, (nuint)i) * keep - moment).StoreUnsafe(ref ws, (nuint)i);
        }
        for (; i < w.Length; i++)
        {
            m[i] = m[i] * beta + x[i] * factor * y[i] * rest;
            w[i] = w[i] * keep - m[i];
        }
    }
}
