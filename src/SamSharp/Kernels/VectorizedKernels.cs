using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using SamSharp.Kernels.Vectorized;
using TorchSharp;
using static TorchSharp.torch;

namespace SamSharp.Kernels;

/// <summary>
/// Passes over raw memory for lists of contiguous float32 or float64 tensors on the CPU, at the speed of the memory; every other list goes to
/// <see cref="MultiTensorKernels"/>. Sums are taken over runs of fixed length in an order of their own, and joined in double: results do not depend on the number of threads.
/// </summary>
internal sealed unsafe class VectorizedKernels : ITensorListKernels
{
    /// <summary>Bytes of results from which they are written past the cache: more than a core's own cache holds.</summary>
    private const long PastCache = 4 << 20;

    private readonly MultiTensorKernels _others = new();

    /// <inheritdoc/>
    public Tensor Norm(Tensor[] vectors)
    {
        ArgumentNullException.ThrowIfNull(vectors);
        return DtypeOf(vectors) switch
        {
            ScalarType.Float32 => Norm(Sum<float, Product<float>>(default, vectors, vectors), ScalarType.Float32),
            ScalarType.Float64 => Norm(Sum<double, Product<double>>(default, vectors, vectors), ScalarType.Float64),
            _ => _others.Norm(vectors),
        };
    }

    /// <inheritdoc/>
    public Tensor AdaptiveNorm(Tensor[] weights, Tensor[] vectors, double kappa)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(vectors);
        return DtypeOf(weights, vectors) switch
        {
            ScalarType.Float32 => Norm(Sum<float, ScaledSquare<float>>(new((float)kappa), weights, vectors), ScalarType.Float32),
            ScalarType.Float64 => Norm(Sum<double, ScaledSquare<double>>(new(kappa), weights, vectors), ScalarType.Float64),
            _ => _others.AdaptiveNorm(weights, vectors, kappa),
        };
    }

    /// <inheritdoc/>
    public Tensor Dot(Tensor[] left, Tensor[] right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        return DtypeOf(left, right) switch
        {
            ScalarType.Float32 => tensor(Sum<float, Product<float>>(default, left, right), ScalarType.Float32),
            ScalarType.Float64 => tensor(Sum<double, Product<double>>(default, left, right), ScalarType.Float64),
            _ => _others.Dot(left, right),
        };
    }

    /// <inheritdoc/>
    public Tensor Scale(Tensor norm, double radius, double floor) => _others.Scale(norm, radius, floor);

    /// <inheritdoc/>
    public void Perturb(Tensor[] weights, Tensor[] results, Tensor[] vectors, Tensor scale)
    {
        ArgumentNullException.ThrowIfNull(weights);
        switch (DtypeOf(weights, results, vectors))
        {
            case ScalarType.Float32: Map<float, Step<float>>(new(scale.item<float>()), weights, vectors, results); break;
            case ScalarType.Float64: Map<double, Step<double>>(new(scale.item<double>()), weights, vectors, results); break;
            default: _others.Perturb(weights, results, vectors, scale); break;
        }
    }

    /// <inheritdoc/>
    public void PerturbAdaptive(Tensor[] weights, Tensor[] results, Tensor[] vectors, Tensor scale, double kappa)
    {
        ArgumentNullException.ThrowIfNull(weights);
        switch (DtypeOf(weights, results, vectors))
        {
            case ScalarType.Float32: Map<float, AdaptiveStep<float>>(new(scale.item<float>(), (float)kappa), weights, vectors, results); break;
            case ScalarType.Float64: Map<double, AdaptiveStep<double>>(new(scale.item<double>(), kappa), weights, vectors, results); break;
            default: _others.PerturbAdaptive(weights, results, vectors, scale, kappa); break;
        }
    }

    /// <inheritdoc/>
    public void Copy(Tensor[] targets, Tensor[] sources)
    {
        ArgumentNullException.ThrowIfNull(targets);
        ArgumentNullException.ThrowIfNull(sources);
        switch (DtypeOf(targets, sources))
        {
            case ScalarType.Float32: Map<float, Plain<float>>(default, sources, sources, targets); break;
            case ScalarType.Float64: Map<double, Plain<double>>(default, sources, sources, targets); break;
            default: _others.Copy(targets, sources); break;
        }
    }

    /// <inheritdoc/>
    public void Accumulate(Tensor[] sums, Tensor[] vectors, double weight)
    {
        ArgumentNullException.ThrowIfNull(sums);
        ArgumentNullException.ThrowIfNull(vectors);
        switch (DtypeOf(sums, vectors))
        {
            case ScalarType.Float32: Map<float, Step<float>>(new((float)weight), sums, vectors, sums); break;
            case ScalarType.Float64: Map<double, Step<double>>(new(weight), sums, vectors, sums); break;
            default: _others.Accumulate(sums, vectors, weight); break;
        }
    }

    /// <inheritdoc/>
    public void Mix(Tensor[] targets, Tensor own, Tensor[] vectors, Tensor other)
    {
        ArgumentNullException.ThrowIfNull(targets);
        ArgumentNullException.ThrowIfNull(vectors);
        switch (DtypeOf(targets, vectors))
        {
            case ScalarType.Float32: Map<float, Blend<float>>(new(own.item<float>(), other.item<float>()), targets, vectors, targets); break;
            case ScalarType.Float64: Map<double, Blend<double>>(new(own.item<double>(), other.item<double>()), targets, vectors, targets); break;
            default: _others.Mix(targets, own, vectors, other); break;
        }
    }

    /// <summary>The dtype that all tensors of the lists share, or null where the passes over raw memory do not apply.</summary>
    private static ScalarType? DtypeOf(params ReadOnlySpan<Tensor[]> lists)
    {
        ScalarType? dtype = null;
        foreach (var list in lists)
        {
            foreach (var tensor in list)
            {
                if (tensor.device_type != DeviceType.CPU || tensor.dtype != (dtype ??= tensor.dtype) || !tensor.is_contiguous()
                    || tensor.NumberOfElements > int.MaxValue / sizeof(double)) return null;
            }
        }
        return dtype;
    }

    private static Tensor Norm(double squares, ScalarType dtype) => tensor(Math.Sqrt(squares), dtype);

    private static double Sum<T, TLanes>(TLanes lanes, Tensor[] weights, Tensor[] vectors) where T : unmanaged, INumber<T> where TLanes : struct, ILanes<T>
    {
        var v = Pointers(vectors);
        var w = ReferenceEquals(weights, vectors) ? v : Pointers(weights);
        return new Work(vectors).Sum(piece =>
            Loops<T>.Sum(lanes, (T*)w[piece.Tensor] + piece.Start, (T*)v[piece.Tensor] + piece.Start, piece.Count));
    }

    private static void Map<T, TLanes>(TLanes lanes, Tensor[] weights, Tensor[] vectors, Tensor[] results)
        where T : unmanaged, INumber<T> where TLanes : struct, ILanes<T>
    {
        var v = Pointers(vectors);
        var w = ReferenceEquals(weights, vectors) ? v : Pointers(weights);
        var r = ReferenceEquals(results, weights) ? w : Pointers(results);
        var work = new Work(results);
        var pastCache = work.Elements * sizeof(T) >= PastCache;
        work.ForEach(piece => Loops<T>.Map(lanes, (T*)w[piece.Tensor] + piece.Start, (T*)v[piece.Tensor] + piece.Start,
            (T*)r[piece.Tensor] + piece.Start, piece.Count, pastCache));
    }

    private static nint[] Pointers(Tensor[] tensors) => Array.ConvertAll(tensors, tensor => (nint)Unsafe.AsPointer(ref MemoryMarshal.GetReference(tensor.bytes)));
}
