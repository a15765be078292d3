using System.Numerics;

namespace SamSharp.Kernels.Vectorized;

/// <summary>The weights of a tensor with their gradients, as they lie in memory, computed with in a type of the same size or a wider one.</summary>
internal interface IStoredTensor<TSelf, T> where TSelf : struct, IStoredTensor<TSelf, T> where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>A tensor of a list.</summary>
    /// <param name="memory">The addresses of weights (list 0) and gradients (list 1).</param>
    /// <param name="masters">float32 weights that the weights are rounded from; null if there are none.</param>
    /// <param name="keys">The tensors' keys for rounding at random; null to round to the nearest.</param>
    /// <param name="tensor">Its place in the list.</param>
    static abstract TSelf At(TensorMemory memory, TensorMemory? masters, ulong[]? keys, int tensor);

    T Gradient(long at);

    /// <summary>The sum of lanes whose both operands are some adjacent weights.</summary>
    double SumOfWeights<TLanes>(TLanes lanes, long start, int count) where TLanes : struct, ILanes<T>;

    /// <summary>The sum of lanes whose both operands are some adjacent gradients.</summary>
    double SumOfGradients<TLanes>(TLanes lanes, long start, int count) where TLanes : struct, ILanes<T>;

    /// <summary>weights := lanes of weights and gradients.</summary>
    void Update<TLanes>(TLanes lanes, long start, int count) where TLanes : struct, ILanes<T>;
}
