using System.Runtime.CompilerServices;
using TorchSharp;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// Arithmetic of tensors with numbers that is safe while other threads collect garbage. TorchSharp's own operators (<c>x * 0.5</c>, <c>x + y</c>,
/// <c>x.add_(1)</c>) create a native Scalar that nothing holds: the finalizer may free it while the native call still reads it. These methods hold
/// the Scalar, and the tensors they are given, until the call is over. Results are equal bit for bit.
/// </summary>
/// <remarks>
/// Nouns and prepositions return a new tensor (<c>Times</c>, <c>Plus</c>); verbs change the tensor in place and return it (<c>MultiplyBy</c>,
/// <c>IncreaseBy</c>). What an operator cannot do with the shapes and types it is given is libtorch's to say, as with TorchSharp's own operators:
/// an <see cref="System.Runtime.InteropServices.ExternalException"/>.
/// </remarks>
public static partial class ScalarArithmetic
{
    /// <summary>x * value.</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="value">The factor.</param>
    public static Tensor Times(this Tensor x, Number value) => Held(x, value, static (x, scalar) => x.mul(scalar));

    /// <summary>x / value.</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="value">The divisor.</param>
    public static Tensor Over(this Tensor x, Number value) => Held(x, value, static (x, scalar) => x.div(scalar));

    /// <summary>value / x, computed as (1 / x) * value, as TorchSharp's operator does.</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="value">The dividend.</param>
    public static Tensor DividedInto(this Tensor x, Number value)
    {
        ArgumentNullException.ThrowIfNull(x);
        using var inverse = x.reciprocal();
        GC.KeepAlive(x);
        return inverse.Times(value);
    }

    /// <summary>x + value.</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="value">The summand.</param>
    public static Tensor Plus(this Tensor x, Number value) => Held(x, value, static (x, scalar) =>
    {
        using var one = 1.ToScalar();
        return x.add(scalar, one);
    });

    /// <summary>x + times * y.</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="y">A tensor whose shape broadcasts with the shape of <paramref name="x"/>.</param>
    /// <param name="times">The factor of <paramref name="y"/>; null for 1.</param>
    public static Tensor Plus(this Tensor x, Tensor y, Number? times = null) => Held(x, y, times ?? 1, static (x, y, scalar) => x.add(y, scalar));

    /// <summary>x - value.</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="value">The subtrahend.</param>
    public static Tensor Minus(this Tensor x, Number value) => Held(x, value, static (x, scalar) => x.sub(scalar));

    /// <summary>value - x, computed as -x + value, as TorchSharp's operator does.</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="value">What <paramref name="x"/> is subtracted from.</param>
    public static Tensor SubtractedFrom(this Tensor x, Number value)
    {
        ArgumentNullException.ThrowIfNull(x);
        using var negative = x.negative();
        GC.KeepAlive(x);
        return negative.Plus(value);
    }

    /// <summary>x + times * a * b.</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="a">A tensor whose shape broadcasts with the shape of <paramref name="x"/>.</param>
    /// <param name="b">A tensor whose shape broadcasts with the shape of <paramref name="x"/>.</param>
    /// <param name="times">The factor of the product; null for 1.</param>
    public static Tensor PlusProduct(this Tensor x, Tensor a, Tensor b, Number? times = null) =>
        Held(x, a, b, times ?? 1, static (x, a, b, scalar) => x.addcmul(a, b, scalar));

    /// <summary>x to the power of value.</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="value">The exponent.</param>
    public static Tensor Power(this Tensor x, Number value) => Held(x, value, static (x, scalar) => x.pow(scalar));

    /// <summary>x * x, as <c>square</c> computes it.</summary>
    /// <param name="x">Any shape.</param>
    public static Tensor Squared(this Tensor x) => x.Power(2);

    /// <summary>x with elements below min and above max set to them.</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="min">The smallest value; null for no bound.</param>
    /// <param name="max">The largest value; null for no bound.</param>
    /// <exception cref="ArgumentException">There is no bound at all.</exception>
    public static Tensor Clamped(this Tensor x, Number? min = null, Number? max = null)
    {
        ArgumentNullException.ThrowIfNull(x);
        RequireBound(min, max);
        using var low = min?.ToScalar();
        using var high = max?.ToScalar();
        var result = x.clamp(low, high);
        GC.KeepAlive(x);
        return result;
    }

    /// <summary>A copy of x that has value where the mask is true.</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="mask">A tensor of bool whose shape broadcasts to the shape of <paramref name="x"/>.</param>
    /// <param name="value">What the chosen elements become.</param>
    /// <exception cref="ArgumentException">The mask is not of bool.</exception>
    public static Tensor FilledWhere(this Tensor x, Tensor mask, Number value) =>
        Held(x, Truths(mask), value, static (x, mask, scalar) => x.masked_fill(mask, scalar));

    /// <summary>x == value, a tensor of bool.</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="value">What the elements are compared with.</param>
    public static Tensor IsEqualTo(this Tensor x, Number value) => Held(x, value, static (x, scalar) => x.eq(scalar));

    /// <summary>x != value, a tensor of bool.</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="value">What the elements are compared with.</param>
    public static Tensor IsNotEqualTo(this Tensor x, Number value) => Held(x, value, static (x, scalar) => x.ne(scalar));

    /// <summary>x &lt; value, a tensor of bool.</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="value">What the elements are compared with.</param>
    public static Tensor IsLessThan(this Tensor x, Number value) => Held(x, value, static (x, scalar) => x.lt(scalar));

    /// <summary>x &lt;= value, a tensor of bool.</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="value">What the elements are compared with.</param>
    public static Tensor IsAtMost(this Tensor x, Number value) => Held(x, value, static (x, scalar) => x.le(scalar));

    /// <summary>x &gt; value, a tensor of bool.</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="value">What the elements are compared with.</param>
    public static Tensor IsGreaterThan(this Tensor x, Number value) => Held(x, value, static (x, scalar) => x.gt(scalar));

    /// <summary>x &gt;= value, a tensor of bool.</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="value">What the elements are compared with.</param>
    public static Tensor IsAtLeast(this Tensor x, Number value) => Held(x, value, static (x, scalar) => x.ge(scalar));

    /// <summary>The Euclidean norm of all elements, a scalar tensor: what <c>linalg.vector_norm</c> gives.</summary>
    /// <param name="x">Any shape.</param>
    public static Tensor EuclideanNorm(this Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        var result = linalg.norm(x);
        GC.KeepAlive(x);
        return result;
    }

    private static void RequireBound(Number? min, Number? max)
    {
        if ((min ?? max) is null) throw new ArgumentException("There is neither a smallest nor a largest value.", nameof(min));
    }

    private static Tensor Truths(Tensor mask)
    {
        ArgumentNullException.ThrowIfNull(mask);
        return mask.dtype == ScalarType.Bool ? mask
            : throw new ArgumentException($"The mask has dtype {mask.dtype}; bool is needed, as comparisons give it.", nameof(mask));
    }

    private static Tensor Held(Tensor x, Number value, Func<Tensor, Scalar, Tensor> call)
    {
        ArgumentNullException.ThrowIfNull(x);
        using var scalar = value.ToScalar();
        var result = call(x, scalar);
        GC.KeepAlive(x);
        return result;
    }

    private static Tensor Held(Tensor x, Tensor y, Number value, Func<Tensor, Tensor, Scalar, Tensor> call,
        [CallerArgumentExpression(nameof(y))] string? nameOfY = null)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y, nameOfY);
        using var scalar = value.ToScalar();
        var result = call(x, y, scalar);
        GC.KeepAlive(x);
        GC.KeepAlive(y);
        return result;
    }

    private static Tensor Held(Tensor x, Tensor a, Tensor b, Number value, Func<Tensor, Tensor, Tensor, Scalar, Tensor> call)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        using var scalar = value.ToScalar();
        var result = call(x, a, b, scalar);
        GC.KeepAlive(x);
        GC.KeepAlive(a);
        GC.KeepAlive(b);
        return result;
    }
}
