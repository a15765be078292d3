using static TorchSharp.torch;

namespace SamSharp;

/// <summary>The filters of a weight: its slices along the first dimension.</summary>
internal static class Filters
{
    /// <summary>The norm of each filter, shaped to be multiplied with the tensor; of a vector or a number, which is one filter, its norm.</summary>
    public static Tensor Norms(Tensor tensor) => tensor.dim() > 1 ? linalg.vector_norm(tensor, 2, Inner(tensor), keepdim: true) : linalg.vector_norm(tensor);

    /// <summary>The sum of squares of each filter, shaped likewise; of a vector or a number its squares.</summary>
    public static Tensor SquareSums(Tensor tensor) => tensor.dim() > 1 ? tensor.square().sum(Inner(tensor), keepdim: true) : tensor.square();

    private static long[] Inner(Tensor tensor) => Enumerable.Range(1, (int)tensor.dim() - 1).Select(dimension => (long)dimension).ToArray();
}
