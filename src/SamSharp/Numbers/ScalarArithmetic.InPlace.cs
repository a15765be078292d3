using TorchSharp;
using static TorchSharp.torch;

namespace SamSharp;

public static partial class ScalarArithmetic
{
    /// <summary>x *= value.</summary>
    /// <param name="x">Changed in place, and returned.</param>
    /// <param name="value">The factor.</param>
    public static Tensor MultiplyBy(this Tensor x, Number value) => Held(x, value, static (x, scalar) => x.mul_(scalar));

    /// <summary>x /= value.</summary>
    /// <param name="x">Changed in place, and returned.</param>
    /// <param name="value">The divisor.</param>
    public static Tensor DivideBy(this Tensor x, Number value) => Held(x, value, static (x, scalar) => x.div_(scalar));

    /// <summary>x += value.</summary>
    /// <param name="x">Changed in place, and returned.</param>
    /// <param name="value">The summand.</param>
    public static Tensor IncreaseBy(this Tensor x, Number value) => Held(x, value, static (x, scalar) =>
    {
        using var one = 1.ToScalar();
        return x.add_(scalar, one);
    });

    /// <summary>x += times * y.</summary>
    /// <param name="x">Changed in place, and returned.</param>
    /// <param name="y">A tensor whose shape broadcasts to the shape of <paramref name="x"/>.</param>
    /// <param name="times">The factor of <paramref name="y"/>; null for 1.</param>
    public static Tensor IncreaseBy(this Tensor x, Tensor y, Number? times = null) =>
        Held(x, y, times ?? 1, static (x, y, scalar) => x.add_(y, scalar));

    /// <summary>x -= value.</summary>
    /// <param name="x">Changed in place, and returned.</param>
    /// <param name="value">The subtrahend.</param>
    public static Tensor DecreaseBy(this Tensor x, Number value) => Held(x, value, static (x, scalar) => x.sub_(scalar));

    /// <summary>x += times * a * b.</summary>
    /// <param name="x">Changed in place, and returned.</param>
    /// <param name="a">A tensor whose shape broadcasts to the shape of <paramref name="x"/>.</param>
    /// <param name="b">A tensor whose shape broadcasts to the shape of <paramref name="x"/>.</param>
    /// <param name="times">The factor of the product; null for 1.</param>
    public static Tensor IncreaseByProduct(this Tensor x, Tensor a, Tensor b, Number? times = null) =>
        Held(x, a, b, times ?? 1, static (x, a, b, scalar) => x.addcmul_(a, b, scalar));

    /// <summary>x += times * a / b.</summary>
    /// <param name="x">Changed in place, and returned.</param>
    /// <param name="a">A tensor whose shape broadcasts to the shape of <paramref name="x"/>.</param>
    /// <param name="b">A tensor whose shape broadcasts to the shape of <paramref name="x"/>.</param>
    /// <param name="times">The factor of the quotient; null for 1.</param>
    public static Tensor IncreaseByQuotient(this Tensor x, Tensor a, Tensor b, Number? times = null) =>
        Held(x, a, b, times ?? 1, static (x, a, b, scalar) => x.addcdiv_(a, b, scalar));

    /// <summary>Raises each element to the power of value.</summary>
    /// <param name="x">Changed in place, and returned.</param>
    /// <param name="value">The exponent.</param>
    public static Tensor RaiseTo(this Tensor x, Number value) => Held(x, value, static (x, scalar) => x.pow_(scalar));

    /// <summary>Sets elements below min and above max to them.</summary>
    /// <param name="x">Changed in place, and returned.</param>
    /// <param name="min">The smallest value; null for no bound.</param>
    /// <param name="max">The largest value; null for no bound.</param>
    /// <exception cref="ArgumentException">There is no bound at all.</exception>
    public static Tensor Clamp(this Tensor x, Number? min = null, Number? max = null)
    {
        ArgumentNullException.ThrowIfNull(x);
        RequireBound(min, max);
        using var low = min?.ToScalar();
        using var high = max?.ToScalar();
        x.clamp_(low, high);
        GC.KeepAlive(x);
        return x;
    }

    /// <summary>Sets every element to value.</summary>
    /// <param name="x">Changed in place, and returned.</param>
    /// <param name="value">The new value.</param>
    public static Tensor Fill(this Tensor x, Number value) => Held(x, value, static (x, scalar) => x.fill_(scalar));

    /// <summary>Sets the elements where the mask is true to value.</summary>
    /// <param name="x">Changed in place, and returned.</param>
    /// <param name="mask">A tensor of bool whose shape broadcasts to the shape of <paramref name="x"/>.</param>
    /// <param name="value">The new value.</param>
    /// <exception cref="ArgumentException">The mask is not of bool.</exception>
    public static Tensor FillWhere(this Tensor x, Tensor mask, Number value) =>
        Held(x, Truths(mask), value, static (x, mask, scalar) => x.masked_fill_(mask, scalar));

    /// <summary>Sets the slices at these indices of a dimension to value.</summary>
    /// <param name="x">Changed in place, and returned.</param>
    /// <param name="dim">The dimension.</param>
    /// <param name="index">The indices, int64, [indices].</param>
    /// <param name="value">The new value.</param>
    public static Tensor FillAt(this Tensor x, long dim, Tensor index, Number value)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(index);
        using var scalar = value.ToScalar();
        x.index_fill_(dim, index, scalar);
        GC.KeepAlive(x);
        GC.KeepAlive(index);
        return x;
    }
}
