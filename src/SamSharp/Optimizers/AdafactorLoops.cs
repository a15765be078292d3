using System.Numerics;
using System.Runtime.Intrinsics;
using SamSharp.Kernels.Vectorized;

namespace SamSharp.Optimizers;

/// <summary>(w v)^2.</summary>
internal readonly struct SquaredProduct<T> : ILanes<T> where T : unmanaged, INumber<T>
{
    public T One(T weight, T vector) => weight * vector * (weight * vector);

    public Vector256<T> Many(Vector256<T> weights, Vector256<T> vectors)
    {
        var product = weights * vectors;
        return product * product;
    }
}

/// <summary>The loops of Adafactor that <see cref="Loops{T}"/> does not have.</summary>
internal static unsafe class AdafactorLoops<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    private static readonly int Width = Vector256<T>.Count;

    /// <summary>columns += x^2; the sum of x^2. Two vectors per iteration keep two sums independent of each other.</summary>
    public static double AddSquares(T* x, T* columns, int count)
    {
        var (even, odd) = (Vector256<T>.Zero, Vector256<T>.Zero);
        var i = 0;
        for (; i <= count - (2 * Width); i += 2 * Width)
        {
            Vector256<T> first = Vector256.Load(x + i), second = Vector256.Load(x + i + Width);
            (first, second) = (first * first, second * second);
            (Vector256.Load(columns + i) + first).Store(columns + i);
            (Vector256.Load(columns + i + Width) + second).Store(columns + i + Width);
            (even, odd) = (even + first, odd + second);
        }
        var total = double.CreateTruncating(Vector256.Sum(even + odd));
        for (; i < count; i++)
        {
            var square = x[i] * x[i];
            columns[i] += square;
            total += double.CreateTruncating(square);
        }
        return total;
    }

    /// <summary>m = beta m + (1 - beta) factor g roots, w = keep w - m; without moments m is factor g roots.</summary>
    /// <param name="w">Weights.</param>
    /// <param name="keep">The factor that decay leaves of them.</param>
    /// <param name="g">Gradients.</param>
    /// <param name="roots">What each is multiplied by.</param>
    /// <param name="factor">What all are multiplied by.</param>
    /// <param name="m">First moments, or null for none.</param>
    /// <param name="beta">Their decay.</param>
    /// <param name="count">How many elements.</param>
    public static void Subtract(T* w, T keep, T* g, T* roots, T factor, T* m, T beta, int count)
    {
        Vector256<T> keeps = Vector256.Create(keep), factors = Vector256.Create(factor);
        Vector256<T> betas = Vector256.Create(beta), rests = Vector256.Create(T.One - beta);
        var i = 0;
        for (; i <= count - Width; i += Width)
        {
            var change = Vector256.Load(g + i) * factors * Vector256.Load(roots + i);
            if (m != null) (change = (Vector256.Load(m + i) * betas) + (change * rests)).Store(m + i);
            ((Vector256.Load(w + i) * keeps) - change).Store(w + i);
        }
        for (; i < count; i++)
        {
            var change = g[i] * factor * roots[i];
            if (m != null) m[i] = change = (m[i] * beta) + (change * (T.One - beta));
            w[i] = (w[i] * keep) - change;
        }
    }
}
