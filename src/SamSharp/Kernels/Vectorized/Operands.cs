using System.Numerics;
using System.Runtime.CompilerServices;

namespace SamSharp.Kernels.Vectorized;

/// <summary>Where adjacent weights and the matching elements of other vectors lie.</summary>
internal interface IOperands<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    TRegister Weights<TRegister>(int at) where TRegister : struct, IRegister<TRegister, T>;

    TRegister Vectors<TRegister>(int at) where TRegister : struct, IRegister<TRegister, T>;
}

/// <summary>Operands of the type that is computed with.</summary>
internal readonly unsafe struct PlainOperands<T>(T* weights, T* vectors) : IOperands<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TRegister Weights<TRegister>(int at) where TRegister : struct, IRegister<TRegister, T> => TRegister.Load(weights + at);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TRegister Vectors<TRegister>(int at) where TRegister : struct, IRegister<TRegister, T> => TRegister.Load(vectors + at);
}

/// <summary>bfloat16 operands.</summary>
/// <param name="weights">First operand.</param>
/// <param name="masters">float32 weights that the first operand was rounded from, unless something else has changed it since; null if there are
/// none.</param>
/// <param name="vectors">Second operand.</param>
internal readonly unsafe struct BrainOperands(ushort* weights, float* masters, ushort* vectors) : IOperands<float>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TRegister Weights<TRegister>(int at) where TRegister : struct, IRegister<TRegister, float>
    {
        if (masters == null) return TRegister.Widen(weights + at);
        var exact = TRegister.Load(masters + at);
        TRegister.Follow(ref exact, weights + at);
        return exact;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TRegister Vectors<TRegister>(int at) where TRegister : struct, IRegister<TRegister, float> => TRegister.Widen(vectors + at);
}
