using TorchSharp;
using static TorchSharp.torch;

namespace SamSharp.Kernels;

/// <summary>
/// Norms of float32 and narrower vectors whose squares leave the range of float32 although the norm itself does not: they overflow from about 1e19
/// and vanish below about 1e-19. Such a norm is computed again in float64; every other one costs a comparison. On a GPU, where looking
/// would wait for the device, it stays unchanged.
/// </summary>
internal static class WideNorm
{
    /// <summary>The norm in float32 that is computed again if it is smaller.</summary>
    public const double Smallest = 1e-14;

    /// <summary>The norm, computed in float64 if necessary.</summary>
    /// <param name="compute">Computes it in float32.</param>
    /// <param name="vectors">What it is the norm of.</param>
    public static Tensor Of(Func<Tensor> compute, Tensor[] vectors) => Of(compute, vectors, i => vectors[i].to(ScalarType.Float64));

    /// <summary>The norm of (|w| + kappa) v, computed in float64 if necessary.</summary>
    public static Tensor Of(Func<Tensor> compute, Tensor[] weights, Tensor[] vectors, double kappa) =>
        Of(compute, vectors, i => weights[i].to(ScalarType.Float64).abs().Plus(kappa).mul(vectors[i].to(ScalarType.Float64)));

    private static Tensor Of(Func<Tensor> compute, Tensor[] vectors, [InDisposeScope] Func<int, Tensor> wide)
    {
        var norm = compute();
        if (norm.device_type != DeviceType.CPU || norm.dtype != ScalarType.Float32 || vectors.Length == 0) return norm;
        if (norm.Value() is var value && double.IsFinite(value) && value >= Smallest) return norm;
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var sums = Enumerable.Range(0, vectors.Length).Select(SumOfSquares).ToArray();
        var dtype = norm.dtype;
        norm.Dispose();
        return stack(sums).sum().sqrt().to(dtype).MoveToOuterDisposeScope();

        // One vector at a time is widened.
        Tensor SumOfSquares(int i)
        {
            using var one = NewDisposeScope();
            return wide(i).Squared().sum().MoveToOuterDisposeScope();
        }
    }
}
