using System.Numerics;
using System.Runtime.CompilerServices;
using SamSharp.Kernels.Vectorized;

namespace SamSharp.Optimizers;

/// <summary>w^2.</summary>
internal readonly struct Square<T> : ILanes<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TRegister Of<TRegister>(TRegister weights, TRegister vectors, int at) where TRegister : struct, IRegister<TRegister, T> =>
        weights * weights;
}

/// <summary>g^2, which is also added to sums, one for each column.</summary>
internal readonly unsafe struct AddedSquare<T>(T* columns) : ILanes<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TRegister Of<TRegister>(TRegister weights, TRegister gradients, int at) where TRegister : struct, IRegister<TRegister, T>
    {
        var square = gradients * gradients;
        (TRegister.Load(columns + at) + square).Store(columns + at);
        return square;
    }
}

/// <summary>(g root)^2, with a root for each column.</summary>
internal readonly unsafe struct SquaredUpdate<T>(T* roots) : ILanes<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TRegister Of<TRegister>(TRegister weights, TRegister gradients, int at) where TRegister : struct, IRegister<TRegister, T>
    {
        var update = gradients * TRegister.Load(roots + at);
        return update * update;
    }
}

/// <summary>m = beta m + (1 - beta) factor g root, keep w - m; without moments m is factor g root.</summary>
/// <param name="keep">The factor that decay leaves of the weights.</param>
/// <param name="factor">What all gradients are multiplied by.</param>
/// <param name="roots">What each is multiplied by.</param>
/// <param name="moments">First moments, or null for none.</param>
/// <param name="beta">Their decay.</param>
internal readonly unsafe struct AdafactorStep<T>(T keep, T factor, T* roots, T* moments, T beta) : ILanes<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T _rest = T.One - beta;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TRegister Of<TRegister>(TRegister weights, TRegister gradients, int at) where TRegister : struct, IRegister<TRegister, T>
    {
        var change = gradients * TRegister.All(factor) * TRegister.Load(roots + at);
        if (moments != null)
        {
            change = (TRegister.Load(moments + at) * TRegister.All(beta)) + (change * TRegister.All(_rest));
            change.Store(moments + at);
        }
        return (weights * TRegister.All(keep)) - change;
    }
}
