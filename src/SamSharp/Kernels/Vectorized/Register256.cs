using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace SamSharp.Kernels.Vectorized;

/// <summary>256 bits.</summary>
internal readonly unsafe struct Register256<T>(Vector256<T> value) : IWideRegister<Register256<T>, T> where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly Vector256<T> _value = value;

    public static int Count => Vector256<T>.Count;

    public static Register256<T> All(T value) => new(Vector256.Create(value));

    public static Register256<T> Load(T* from) => new(Vector256.Load(from));

    public static Register256<T> Widen(ushort* from) => new((Bits(from) << 16).As<uint, T>());

    public static Register256<T> Abs(Register256<T> value) => new(Vector256.Abs(value._value));

    public static Register256<T> Sqrt(Register256<T> value) => new(Vector256.Sqrt(value._value));

    public static Register256<T> Max(Register256<T> one, Register256<T> other) => new(Vector256.Max(one._value, other._value));

    public static T Sum(Register256<T> first, Register256<T> second, Register256<T> third, Register256<T> fourth) =>
        Vector256.Sum(first._value + second._value + (third._value + fourth._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Follow(ref Register256<T> masters, ushort* weights)
    {
        var bits = Bits(weights);
        var same = Vector256.Equals(ToNearest.Rounded(masters._value.AsSingle()) >>> 16, bits);
        if (same == Vector256<uint>.AllBitsSet) return false;
        masters = new(Vector256.ConditionalSelect(same.As<uint, T>(), masters._value, (bits << 16).As<uint, T>()));
        return true;
    }

    public static Register256<T> operator +(Register256<T> left, Register256<T> right) => new(left._value + right._value);

    public static Register256<T> operator -(Register256<T> left, Register256<T> right) => new(left._value - right._value);

    public static Register256<T> operator *(Register256<T> left, Register256<T> right) => new(left._value * right._value);

    public static Register256<T> operator /(Register256<T> left, Register256<T> right) => new(left._value / right._value);

    public void Store(T* to) => _value.Store(to);

    public void StorePastCache(T* to) => _value.StoreAlignedNonTemporal(to);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Round<TRounding>(TRounding rounding, Register256<T> next, long index, ushort* to, bool pastCache)
        where TRounding : struct, IBrainRounding
    {
        var rounded = rounding.Many(_value.AsSingle(), next._value.AsSingle(), index);
        if (pastCache) rounded.StoreAlignedNonTemporal(to);
        else rounded.Store(to);
    }

    private static Vector256<uint> Bits(ushort* from) => Vector256.WidenLower(Vector128.Load(from).ToVector256Unsafe());
}
