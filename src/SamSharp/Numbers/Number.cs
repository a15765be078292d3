using TorchSharp;

namespace SamSharp;

/// <summary>
/// A number for <see cref="ScalarArithmetic"/>: an integer, a floating-point number or a bool, converted implicitly. It owns nothing native.
/// </summary>
public readonly struct Number : IEquatable<Number>
{
    private enum Kind
    {
        Integer,
        Real,
        Truth,
    }

    private readonly Kind _kind;
    private readonly long _integer;
    private readonly double _real;

    private Number(Kind kind, long integer, double real)
    {
        _kind = kind;
        _integer = integer;
        _real = real;
    }

    /// <summary>An integer keeps integer tensors integers.</summary>
    /// <param name="value">The number.</param>
    public static implicit operator Number(long value) => FromInt64(value);

    /// <summary>A floating-point number; integer tensors are promoted to the default type.</summary>
    /// <param name="value">The number.</param>
    public static implicit operator Number(double value) => FromDouble(value);

    /// <summary>A truth value, for tensors of bool.</summary>
    /// <param name="value">The truth value.</param>
    public static implicit operator Number(bool value) => FromBoolean(value);

    /// <summary>An integer.</summary>
    /// <param name="value">The number.</param>
    public static Number FromInt64(long value) => new(Kind.Integer, value, 0);

    /// <summary>A floating-point number.</summary>
    /// <param name="value">The number.</param>
    public static Number FromDouble(double value) => new(Kind.Real, 0, value);

    /// <summary>A truth value.</summary>
    /// <param name="value">The truth value.</param>
    public static Number FromBoolean(bool value) => new(Kind.Truth, value ? 1 : 0, 0);

    /// <summary>The number as TorchSharp's native object, which the caller disposes after the call that reads it.</summary>
    public Scalar ToScalar() => _kind switch
    {
        Kind.Integer => _integer.ToScalar(),
        Kind.Real => _real.ToScalar(),
        _ => (_integer != 0).ToScalar(),
    };

    /// <summary>The number as a double, 0 or 1 for a truth value.</summary>
    internal double ToDouble() => _kind == Kind.Real ? _real : _integer;

    /// <inheritdoc/>
    public bool Equals(Number other) => _kind == other._kind && _integer == other._integer && _real.Equals(other._real);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Number other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_kind, _integer, _real);

    /// <summary>Whether two numbers have the same kind and value.</summary>
    /// <param name="left">A number.</param>
    /// <param name="right">Another.</param>
    public static bool operator ==(Number left, Number right) => left.Equals(right);

    /// <summary>Whether two numbers differ in kind or value.</summary>
    /// <param name="left">A number.</param>
    /// <param name="right">Another.</param>
    public static bool operator !=(Number left, Number right) => !left.Equals(right);
}
