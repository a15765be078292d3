using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace SamSharp.Kernels.Vectorized;

/// <summary>512 bits, for processors that have them.</summary>
internal readonly unsafe struct Register512<T>(Vector512<T> value) : IWideRegister<Register512<T>, T> where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly Vector512<T> _value = value;

    public static int Count => Vector512<T>.Count;

    public static Register512<T> All(T value) => new(Vector512.Create(value));

    public static Register512<T> Load(T* from) => new(Vector512.Load(from));

    public static Register512<T> Widen(ushort* from) => new((Bits(from) << 16).As<uint, T>());

    public static Register512<T> Abs(Register512<T> value) => new(Vector512.Abs(value._value));

    public static Register512<T> Sqrt(Register512<T> value) => new(Vector512.Sqrt(value._value));

    public static Register512<T> Max(Register512<T> one, Register512<T> other) => new(Vector512.Max(one._value, other._value));

    public static T Sum(Register512<T> first, Register512<T> second, Register512<T> third, Register512<T> fourth) =>
        Vector256.Sum(Folded(first) + Folded(second));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Follow(ref Register512<T> masters, ushort* weights)
    {
        var bits = Bits(weights);
        var same = Vector512.Equals(ToNearest.Rounded(masters._value.AsSingle()) >>> 16, bits);
        if (same == Vector512<uint>.AllBitsSet) return false;
        masters = new(Vector512.ConditionalSelect(same.As<uint, T>(), masters._value, (bits << 16).As<uint, T>()));
        return true;
    }

    public static Register512<T> operator +(Register512<T> left, Register512<T> right) => new(left._value + right._value);

    public static Register512<T> operator -(Register512<T> left, Register512<T> right) => new(left._value - right._value);

    public static Register512<T> operator *(Register512<T> left, Register512<T> right) => new(left._value * right._value);

    public static Register512<T> operator /(Register512<T> left, Register512<T> right) => new(left._value / right._value);

    public void Store(T* to) => _value.Store(to);

    public void StorePastCache(T* to) => _value.StoreAlignedNonTemporal(to);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Round<TRounding>(TRounding rounding, Register512<T> next, long index, ushort* to, bool pastCache)
        where TRounding : struct, IBrainRounding
    {
        var rounded = rounding.Many(_value.AsSingle(), next._value.AsSingle(), index);
        if (pastCache) rounded.StoreAlignedNonTemporal(to);
        else rounded.Store(to);
    }

    private static Vector512<uint> Bits(ushort* from) => Vector512.WidenLower(Vector256.Load(from).ToVector512Unsafe());

    private static Vector256<T> Folded(Register512<T> register) => register._value.GetLower() + register._value.GetUpper();
}
