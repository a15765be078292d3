using System.Numerics;

namespace SamSharp.Optimizers.AdafactorKernels;

/// <summary>Vectorized loops over rows of equal length.</summary>
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
        var (sum, i) = (Vector<T>.Zero, 0);
        for (; i <= x.Length - Vector<T>.Count; i += Vector<T>.Count)
        {
            var value = new Vector<T>(x[i..]);
            var square = value * value;
            (new Vector<T>(columns[i..]) + square).CopyTo(columns[i..]);
            sum += square;
        }
        var total = double.CreateTruncating(Vector.Sum(sum));
        for (; i < x.Length; i++)
        {
            var square = x[i] * x[i];
            columns[i] += square;
            total += double.CreateTruncating(square);
        }
        return total;
    }

    /// <summary>The sum of (x y)^2, or of x^2 without y.</summary>
    public static double SumOfSquaredProducts<T>(ReadOnlySpan<T> x, ReadOnlySpan<T> y = default) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var (sum, i) = (Vector<T>.Zero, 0);
        for (; i <= x.Length - Vector<T>.Count; i += Vector<T>.Count)
        {
            var product = y.IsEmpty ? new Vector<T>(x[i..]) : new Vector<T>(x[i..]) * new Vector<T>(y[i..]);
            sum += product * product;
        }
        var total = double.CreateTruncating(Vector.Sum(sum));
        for (; i < x.Length; i++)
        {
            var product = y.IsEmpty ? x[i] : x[i] * y[i];
            total += double.CreateTruncating(product * product);
        }
        return total;
    }

    /// <summary>w = keep w - factor x y.</summary>
    public static void Subtract<T>(Span<T> w, T keep, ReadOnlySpan<T> x, ReadOnlySpan<T> y, T factor) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var i = 0;
        for (; i <= w.Length - Vector<T>.Count; i += Vector<T>.Count)
            (new Vector<T>(w[i..]) * keep - new Vector<T>(x[i..]) * factor * new Vector<T>(y[i..])).CopyTo(w[i..]);
        for (; i < w.Length; i++) w[i] = w[i] * keep - x[i] * factor * y[i];
    }

    /// <summary>m = beta m + (1 - beta) factor x y; w = keep w - m.</summary>
    public static void Subtract<T>(Span<T> w, T keep, ReadOnlySpan<T> x, ReadOnlySpan<T> y, T factor, Span<T> m, T beta)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var (i, rest) = (0, T.One - beta);
        for (; i <= w.Length - Vector<T>.Count; i += Vector<T>.Count)
        {
            var moment = new Vector<T>(m[i..]) * beta + new Vector<T>(x[i..]) * factor * new Vector<T>(y[i..]) * rest;
            moment.CopyTo(m[i..]);
            (new Vector<T>(w[i..]) * keep - moment).CopyTo(w[i..]);
        }
        for (; i < w.Length; i++)
        {
            m[i] = m[i] * beta + x[i] * factor * y[i] * rest;
            w[i] = w[i] * keep - m[i];
        }
    }
}
