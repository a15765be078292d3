using SamSharp.Kernels;
using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>The filters of a weight: its slices along the first dimension.</summary>
internal static class Filters
{
    /// <summary>The norm of each filter, in a shape that broadcasts over the tensor. A vector or a number is one filter.</summary>
    /// <returns>Norms in float32, or in float64 for a float64 tensor. On the CPU, norms whose squares leave the range of float32 are computed in
    /// float64.</returns>
    public static Tensor Norms(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        var type = ParameterBucket.AccumulatorOf(tensor.dtype);
        var norms = NormsIn(type, tensor);
        if (type != ScalarType.Float64 && norms.device_type == TorchSharp.DeviceType.CPU && norms.NumberOfElements > 0
            && !(double.IsFinite(norms.max().Value()) && norms.min().Value() >= WideNorm.Smallest))
            norms = NormsIn(ScalarType.Float64, tensor).to(type);
        return norms.MoveToOuterDisposeScope();
    }

    [InDisposeScope]
    private static Tensor NormsIn(ScalarType type, Tensor tensor)
    {
        var numbers = tensor.to(type);
        if (tensor.dim() <= 1) return numbers.EuclideanNorm();
        return linalg.norm(numbers.flatten(1), dims: [1], keepdim: true).reshape([tensor.shape[0], .. Enumerable.Repeat(1L, (int)tensor.dim() - 1)]);
    }

    /// <summary>The sum of squares of each filter, in the same shape; for a vector or a number, its squares.</summary>
    [InDisposeScope]
    public static Tensor SquareSums(Tensor tensor) => tensor.dim() > 1 ? tensor.Squared().sum(Inner(tensor), keepdim: true) : tensor.Squared();

    private static long[] Inner(Tensor tensor) => Enumerable.Range(1, (int)tensor.dim() - 1).Select(dimension => (long)dimension).ToArray();
}
