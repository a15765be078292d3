using System.Numerics;
using SamSharp.Kernels.Vectorized;
using TorchSharp;
using static TorchSharp.torch;

namespace SamSharp.Kernels;

/// <summary>
/// Passes over raw memory for lists of contiguous float32, float64 or bfloat16 tensors on the CPU, at the speed of the memory; every other
/// list goes to <see cref="MultiTensorKernels"/>. Sums are taken over runs of fixed length in a fixed order, and joined in double:
/// results do not depend on the number of threads.
/// </summary>
internal sealed unsafe partial class VectorizedKernels : ITensorListKernels
{
    /// <summary>The size of results, in bytes, from which they are written past the cache: more than a core's cache holds.</summary>
    private const long PastCache = 4 << 20;

    private readonly MultiTensorKernels _others = new();

    /// <inheritdoc/>
    public Tensor Norm(Tensor[] vectors)
    {
        using var memory = TensorMemory.Of(vectors);
        return memory?.Dtype switch
        {
            ScalarType.Float32 or ScalarType.BFloat16 =>
                WideNorm.Of(() => Norm(Sum<Product<float>>(default, memory, 0, 0), ScalarType.Float32), vectors),
            ScalarType.Float64 => Norm(Sum<double, Product<double>>(default, memory, 0, 0), ScalarType.Float64),
            _ => _others.Norm(vectors),
        };
    }

    /// <inheritdoc/>
    public Tensor AdaptiveNorm(Tensor[] weights, Tensor[] vectors, double kappa)
    {
        using var memory = TensorMemory.Of(weights, vectors);
        return memory?.Dtype switch
        {
            ScalarType.Float32 or ScalarType.BFloat16 => WideNorm.Of(
                () => Norm(Sum<ScaledSquare<float>>(new((float)kappa), memory, 0, 1), ScalarType.Float32), weights, vectors, kappa),
            ScalarType.Float64 => Norm(Sum<double, ScaledSquare<double>>(new(kappa), memory, 0, 1), ScalarType.Float64),
            _ => _others.AdaptiveNorm(weights, vectors, kappa),
        };
    }

    /// <inheritdoc/>
    public Tensor Dot(Tensor[] left, Tensor[] right)
    {
        using var memory = TensorMemory.Of(left, right);
        return memory?.Dtype switch
        {
            ScalarType.Float32 or ScalarType.BFloat16 => WideNorm.Product(() => Sum<Product<float>>(default, memory, 0, 1), left, right),
            ScalarType.Float64 => tensor(Sum<double, Product<double>>(default, memory, 0, 1), ScalarType.Float64),
            _ => _others.Dot(left, right),
        };
    }

    /// <inheritdoc/>
    public Tensor Scale(Tensor norm, double radius, double floor)
    {
        ArgumentNullException.ThrowIfNull(norm);
        return norm.device_type != DeviceType.CPU ? _others.Scale(norm, radius, floor) : norm.dtype switch
        {
            ScalarType.Float32 => tensor(Scale(norm.Value(), radius, floor), ScalarType.Float32),
            ScalarType.Float64 => tensor(Scale(norm.Value(), radius, floor), ScalarType.Float64),
            _ => _others.Scale(norm, radius, floor),
        };
    }

    /// <inheritdoc/>
    public void Perturb(Tensor[] weights, Tensor[] results, Tensor[] vectors, Tensor scale)
    {
        using var memory = TensorMemory.Of(weights, vectors, results);
        switch (memory?.Dtype)
        {
            case ScalarType.Float32 or ScalarType.BFloat16: Map<Step<float>>(new((float)scale.Value()), memory, 0, 1, 2); break;
            case ScalarType.Float64: Map<double, Step<double>>(new(scale.Value()), memory, 0, 1, 2); break;
            default: _others.Perturb(weights, results, vectors, scale); break;
        }
    }

    /// <inheritdoc/>
    public void PerturbAdaptive(Tensor[] weights, Tensor[] results, Tensor[] vectors, Tensor scale, double kappa)
    {
        using var memory = TensorMemory.Of(weights, vectors, results);
        switch (memory?.Dtype)
        {
            case ScalarType.Float32 or ScalarType.BFloat16: Map<AdaptiveStep<float>>(new((float)scale.Value(), (float)kappa), memory, 0, 1, 2); break;
            case ScalarType.Float64: Map<double, AdaptiveStep<double>>(new(scale.Value(), kappa), memory, 0, 1, 2); break;
            default: _others.PerturbAdaptive(weights, results, vectors, scale, kappa); break;
        }
    }

    /// <inheritdoc/>
    public void Copy(Tensor[] targets, Tensor[] sources)
    {
        using var memory = TensorMemory.Of(sources, targets);
        switch (memory?.Dtype)
        {
            case ScalarType.Float32: Map<float, Plain<float>>(default, memory, 0, 0, 1); break;
            case ScalarType.Float64: Map<double, Plain<double>>(default, memory, 0, 0, 1); break;
            default: _others.Copy(targets, sources); break;
        }
    }

    /// <inheritdoc/>
    public void Accumulate(Tensor[] sums, Tensor[] vectors, double weight)
    {
        using var memory = TensorMemory.Of(sums, vectors);
        switch (memory?.Dtype)
        {
            case ScalarType.Float32 or ScalarType.BFloat16: Map<Step<float>>(new((float)weight), memory, 0, 1, 0); break;
            case ScalarType.Float64: Map<double, Step<double>>(new(weight), memory, 0, 1, 0); break;
            default: _others.Accumulate(sums, vectors, weight); break;
        }
    }

    /// <inheritdoc/>
    public void Mix(Tensor[] targets, Tensor own, Tensor[] vectors, Tensor other)
    {
        using var memory = TensorMemory.Of(targets, vectors);
        switch (memory?.Dtype)
        {
            case ScalarType.Float32 or ScalarType.BFloat16: Map<Blend<float>>(new((float)own.Value(), (float)other.Value()), memory, 0, 1, 0); break;
            case ScalarType.Float64: Map<double, Blend<double>>(new(own.Value(), other.Value()), memory, 0, 1, 0); break;
            default: _others.Mix(targets, own, vectors, other); break;
        }
    }

    private static Tensor Norm(double squares, ScalarType dtype) => tensor(Math.Sqrt(squares), dtype);

    private static double Scale(double norm, double radius, double floor) => norm > 0 && double.IsFinite(norm) ? radius / (norm + floor) : 0;

    private static double Sum<TLanes>(TLanes lanes, TensorMemory memory, int weights, int vectors) where TLanes : struct, ILanes<float> =>
        memory.Dtype == ScalarType.BFloat16
            ? Work.Sum(memory, piece => Loops<float>.Sum(lanes,
                new BrainOperands(memory.At<ushort>(weights, piece), null, memory.At<ushort>(vectors, piece)), piece.Count))
            : Sum<float, TLanes>(lanes, memory, weights, vectors);

    private static double Sum<T, TLanes>(TLanes lanes, TensorMemory memory, int weights, int vectors)
        where T : unmanaged, IFloatingPointIeee754<T> where TLanes : struct, ILanes<T> =>
        Work.Sum(memory, piece => Loops<T>.Sum(lanes, memory.At<T>(weights, piece), memory.At<T>(vectors, piece), piece.Count));

    private static void Map<TLanes>(TLanes lanes, TensorMemory memory, int weights, int vectors, int results) where TLanes : struct, ILanes<float>
    {
        if (memory.Dtype != ScalarType.BFloat16) Map<float, TLanes>(lanes, memory, weights, vectors, results);
        else MapRounded(lanes, memory, weights, vectors, results);
    }

    private static void Map<T, TLanes>(TLanes lanes, TensorMemory memory, int weights, int vectors, int results)
        where T : unmanaged, IFloatingPointIeee754<T> where TLanes : struct, ILanes<T>
    {
        var pastCache = memory.Elements * sizeof(T) >= PastCache;
        Work.ForEach(memory, piece =>
            Loops<T>.Map(lanes, memory.At<T>(weights, piece), memory.At<T>(vectors, piece), memory.At<T>(results, piece), piece.Count, pastCache));
    }
}
