using static TorchSharp.torch;

namespace SamSharp;

/// <summary>The filters of a weight: its slices along the first dimension.</summary>
internal static class Filters
{
    /// <summary>The norm of each filter, in a shape that broadcasts over the tensor. A vector or a number is one filter.</summary>
    public static Tensor Norms(Tensor tensor)
    {
        if (tensor.dim() <= 1) return tensor.EuclideanNorm();
        using var filters = tensor.flatten(1);
        using var norms = linalg.norm(filters, dims: [1], keepdim: true);
        return norms.reshape([tensor.shape[0], .. Enumerable.Repeat(1L, (int)tensor.dim() - 1)]);
    }

    /// <summary>The sum of squares of each filter, in the same shape; for a vector or a number, its squares.</summary>
    [InDisposeScope]
    public static Tensor SquareSums(Tensor tensor) => tensor.dim() > 1 ? tensor.Squared().sum(Inner(tensor), keepdim: true) : tensor.Squared();

    private static long[] Inner(Tensor tensor) => Enumerable.Range(1, (int)tensor.dim() - 1).Select(dimension => (long)dimension).ToArray();
}
