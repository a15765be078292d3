using TorchSharp;
using static TorchSharp.torch;

namespace SamSharp.Kernels;

/// <summary>
/// Norms of float32 and narrower vectors whose squares leave the range of float32 although the norm itself does not: they overflow from about 1e19
/// and vanish below about 1e-19; and inner products likewise. Such a number is computed again in float64; every other one costs a comparison.
/// On a GPU, where looking would wait for the device, libtorch's norm stays unchanged; the kernels of this library sum in float64 there.
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

    /// <summary>The inner product, a float64 number, computed in float64 if necessary.</summary>
    /// <param name="compute">Computes it from sums in float32.</param>
    /// <param name="left">The first vectors.</param>
    /// <param name="right">The second vectors.</param>
    public static Tensor Product(Func<double> compute, Tensor[] left, Tensor[] right)
    {
        var product = compute();
        return double.IsFinite(product) && Math.Abs(product) >= Smallest * Smallest ? tensor(product, ScalarType.Float64)
            : Total(left.Length, i => left[i].to(ScalarType.Float64).mul(right[i].to(ScalarType.Float64)));
    }

    private static Tensor Of(Func<Tensor> compute, Tensor[] vectors, [InDisposeScope] Func<int, Tensor> wide)
    {
        var norm = compute();
        if (norm.device_type != DeviceType.CPU || norm.dtype != ScalarType.Float32 || vectors.Length == 0) return norm;
        if (norm.Value() is var value && double.IsFinite(value) && value >= Smallest) return norm;
        using var scope = NewDisposeScope();
        var dtype = norm.dtype;
        norm.Dispose();
        return Total(vectors.Length, i => wide(i).Squared()).sqrt().to(dtype).MoveToOuterDisposeScope();
    }

    /// <summary>The sum of all elements; one vector at a time is widened.</summary>
    private static Tensor Total(int count, [InDisposeScope] Func<int, Tensor> summands)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        return stack(Enumerable.Range(0, count).Select(One).ToArray()).sum().MoveToOuterDisposeScope();

        Tensor One(int i)
        {
            using var one = NewDisposeScope();
            return summands(i).sum().MoveToOuterDisposeScope();
        }
    }
}
