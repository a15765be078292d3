using System.Numerics;

namespace SamSharp.Kernels.Vectorized;

/// <summary>One number.</summary>
internal readonly unsafe struct Single<T>(T value) : IRegister<Single<T>, T> where T : unmanaged, IFloatingPointIeee754<T>
{
    public T Value { get; } = value;

    public static int Count => 1;

    public static Single<T> All(T value) => new(value);

    public static Single<T> Load(T* from) => new(*from);

    public static Single<T> Widen(ushort* from) => new(T.CreateTruncating(BitConverter.UInt32BitsToSingle((uint)*from << 16)));

    public static Single<T> Abs(Single<T> value) => new(T.Abs(value.Value));

    public static Single<T> Sqrt(Single<T> value) => new(T.Sqrt(value.Value));

    public static Single<T> Max(Single<T> one, Single<T> other) => new(T.Max(one.Value, other.Value));

    public static bool Follow(ref Single<T> masters, ushort* weights)
    {
        if (default(ToNearest).One(float.CreateTruncating(masters.Value), 0) == *weights) return false;
        masters = Widen(weights);
        return true;
    }

    public static Single<T> operator +(Single<T> left, Single<T> right) => new(left.Value + right.Value);

    public static Single<T> operator -(Single<T> left, Single<T> right) => new(left.Value - right.Value);

    public static Single<T> operator *(Single<T> left, Single<T> right) => new(left.Value * right.Value);

    public static Single<T> operator /(Single<T> left, Single<T> right) => new(left.Value / right.Value);

    public void Store(T* to) => *to = Value;
}
