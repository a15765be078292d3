using System.Numerics;
using System.Runtime.CompilerServices;

namespace SamSharp.Kernels.Vectorized;

/// <summary>A function of weights and the matching elements of other vectors, over registers of any width.</summary>
internal interface ILanes<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>The function's values.</summary>
    /// <param name="weights">Adjacent weights.</param>
    /// <param name="vectors">The matching elements of the vectors.</param>
    /// <param name="at">How many elements lie before them, for functions that read or write further vectors.</param>
    TRegister Of<TRegister>(TRegister weights, TRegister vectors, int at) where TRegister : struct, IRegister<TRegister, T>;
}

/// <summary>v: a copy.</summary>
internal readonly struct Plain<T> : ILanes<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TRegister Of<TRegister>(TRegister weights, TRegister vectors, int at) where TRegister : struct, IRegister<TRegister, T> => vectors;
}

/// <summary>w v: what inner products, and norms of w = v, are sums of.</summary>
internal readonly struct Product<T> : ILanes<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TRegister Of<TRegister>(TRegister weights, TRegister vectors, int at) where TRegister : struct, IRegister<TRegister, T> =>
        weights * vectors;
}

/// <summary>((|w| + kappa) v)^2: what adaptive norms are sums of.</summary>
internal readonly struct ScaledSquare<T>(T kappa) : ILanes<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TRegister Of<TRegister>(TRegister weights, TRegister vectors, int at) where TRegister : struct, IRegister<TRegister, T>
    {
        var scaled = (TRegister.Abs(weights) + TRegister.All(kappa)) * vectors;
        return scaled * scaled;
    }
}

/// <summary>w + scale v.</summary>
internal readonly struct Step<T>(T scale) : ILanes<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TRegister Of<TRegister>(TRegister weights, TRegister vectors, int at) where TRegister : struct, IRegister<TRegister, T> =>
        weights + (TRegister.All(scale) * vectors);
}

/// <summary>own w + other v.</summary>
internal readonly struct Blend<T>(T own, T other) : ILanes<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TRegister Of<TRegister>(TRegister weights, TRegister vectors, int at) where TRegister : struct, IRegister<TRegister, T> =>
        (TRegister.All(own) * weights) + (TRegister.All(other) * vectors);
}

/// <summary>w + scale (|w| + kappa)^2 v, in an order in which nothing overflows or vanishes where the norm of the metric times v does not.</summary>
internal readonly struct AdaptiveStep<T>(T scale, T kappa) : ILanes<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TRegister Of<TRegister>(TRegister weights, TRegister vectors, int at) where TRegister : struct, IRegister<TRegister, T>
    {
        var metric = TRegister.Abs(weights) + TRegister.All(kappa);
        return weights + (TRegister.All(scale) * metric * (metric * vectors));
    }
}
