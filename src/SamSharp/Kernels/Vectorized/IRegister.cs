using System.Numerics;

namespace SamSharp.Kernels.Vectorized;

/// <summary>Adjacent numbers that the processor takes together, so that a formula is written once for registers of any width and for one number;
/// each width computes the same bits.</summary>
internal unsafe interface IRegister<TSelf, T> : IAdditionOperators<TSelf, TSelf, TSelf>, ISubtractionOperators<TSelf, TSelf, TSelf>,
    IMultiplyOperators<TSelf, TSelf, TSelf>, IDivisionOperators<TSelf, TSelf, TSelf>
    where TSelf : struct, IRegister<TSelf, T> where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>How many numbers.</summary>
    static abstract int Count { get; }

    /// <summary>A number, as often as there is room.</summary>
    static abstract TSelf All(T value);

    static abstract TSelf Load(T* from);

    /// <summary>bfloat16 numbers, for float32.</summary>
    static abstract TSelf Widen(ushort* from);

    static abstract TSelf Abs(TSelf value);

    static abstract TSelf Sqrt(TSelf value);

    static abstract TSelf Max(TSelf one, TSelf other);

    /// <summary>master := weight where the weight, a bfloat16, is not what the float32 master rounds to.</summary>
    /// <returns>Whether there is such a weight.</returns>
    static abstract bool Follow(ref TSelf masters, ushort* weights);

    void Store(T* to);
}

/// <summary>Several numbers.</summary>
internal unsafe interface IWideRegister<TSelf, T> : IRegister<TSelf, T>
    where TSelf : struct, IWideRegister<TSelf, T> where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>The sum of the numbers in 1024 bits: of four registers of 256 bits, or of the first two of 512 bits, in the same order.</summary>
    static abstract T Sum(TSelf first, TSelf second, TSelf third, TSelf fourth);

    /// <summary>Writes past the cache, to an address that the register's size divides.</summary>
    void StorePastCache(T* to);

    /// <summary>Rounds float32 to bfloat16.</summary>
    /// <param name="rounding">How.</param>
    /// <param name="next">The numbers that follow.</param>
    /// <param name="index">The first one's index in its tensor.</param>
    /// <param name="to">Where to.</param>
    /// <param name="pastCache">Whether to write past the cache, to an address that the register's size divides.</param>
    void Round<TRounding>(TRounding rounding, TSelf next, long index, ushort* to, bool pastCache) where TRounding : struct, IBrainRounding;
}
