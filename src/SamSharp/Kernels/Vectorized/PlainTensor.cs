using System.Numerics;

namespace SamSharp.Kernels.Vectorized;

/// <summary>Weights and gradients of the type that is computed with.</summary>
internal readonly unsafe struct PlainTensor<T>(T* weights, T* gradients) : IStoredTensor<PlainTensor<T>, T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public static PlainTensor<T> At(TensorMemory memory, TensorMemory? masters, ulong[]? keys, int tensor)
    {
        var start = new Piece(tensor, 0, 0);
        return new(memory.At<T>(0, start), memory.At<T>(1, start));
    }

    public T Gradient(long at) => gradients[at];

    public double SumOfWeights<TLanes>(TLanes lanes, long start, int count) where TLanes : struct, ILanes<T> =>
        Loops<T>.Sum(lanes, weights + start, weights + start, count);

    public double SumOfGradients<TLanes>(TLanes lanes, long start, int count) where TLanes : struct, ILanes<T> =>
        Loops<T>.Sum(lanes, gradients + start, gradients + start, count);

    public void Update<TLanes>(TLanes lanes, long start, int count) where TLanes : struct, ILanes<T> =>
        Loops<T>.Map(lanes, weights + start, gradients + start, weights + start, count, pastCache: false);
}
