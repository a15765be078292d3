using SamSharp.Kernels;
using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp.Analysis;

/// <summary>
/// A vector over all measured weights, with one tensor per parameter: a displacement, gradient, eigenvector or set of weights.
/// Its numbers are float32, or float64 for float64 parameters. It owns its tensors and outlives any dispose scope: dispose it.
/// </summary>
public sealed class WeightVector : IDisposable
{
    private static readonly ITensorListKernels Kernels = KernelSets.Vectorized;
    private readonly Tensor[] _tensors;
    private readonly int[][] _lists;

    /// <summary>Copies tensors, which may be parameters.</summary>
    /// <param name="tensors">In the order of <see cref="LossSurface.Names"/>, each of its parameter's shape.</param>
    /// <exception cref="ArgumentException">A tensor is null or disposed, or holds no dense floating point numbers.</exception>
    public WeightVector(IEnumerable<Tensor> tensors)
        : this(Copies(tensors), lists: null)
    {
    }

    /// <summary>Takes over the tensors.</summary>
    private WeightVector(Tensor[] owned, int[][]? lists)
    {
        _tensors = owned;
        _lists = lists
            ?? [.. Enumerable.Range(0, owned.Length).GroupBy(i => (owned[i].device.ToString(), owned[i].dtype)).Select(list => list.ToArray())];
    }

    /// <summary>The tensors, in the order of the parameters. The vector owns them; do not dispose them.</summary>
    public IReadOnlyList<Tensor> Tensors => _tensors;

    /// <summary>The number of elements.</summary>
    public long Count => _tensors.Sum(tensor => tensor.NumberOfElements);

    /// <summary>The Euclidean norm.</summary>
    public double Norm() => Math.Sqrt(_lists.Sum(list => Math.Pow(Read(Kernels.Norm(Pick(list))), 2)));

    /// <summary>The inner product with another vector.</summary>
    /// <exception cref="ArgumentException">The other vector has other shapes or types.</exception>
    public double Dot(WeightVector other)
    {
        RequireSame(other);
        return _lists.Sum(list => Read(Kernels.Dot(Pick(list), other.Pick(list))));
    }

    /// <summary>The cosine of the angle to another vector; NaN if either is 0.</summary>
    /// <exception cref="ArgumentException">The other vector has other shapes or types.</exception>
    public double Cosine(WeightVector other)
    {
        RequireSame(other);
        return Dot(other) / Norm() / other.Norm();
    }

    /// <summary>this := this + factor * other.</summary>
    /// <returns>This vector.</returns>
    /// <exception cref="ArgumentException">The other vector has other shapes or types.</exception>
    public WeightVector Add(WeightVector other, double factor = 1)
    {
        RequireSame(other);
        foreach (var list in _lists) Kernels.Accumulate(Pick(list), other.Pick(list), factor);
        return this;
    }

    /// <summary>this := factor * this.</summary>
    /// <returns>This vector.</returns>
    public WeightVector Scale(double factor) => Each((tensor, _) => tensor.MultiplyBy(factor));

    /// <summary>this := this times other, element by element.</summary>
    /// <returns>This vector.</returns>
    /// <exception cref="ArgumentException">The other vector has other shapes or types.</exception>
    public WeightVector Multiply(WeightVector other)
    {
        RequireSame(other);
        return Each((tensor, i) => tensor.mul_(other._tensors[i]));
    }

    /// <summary>An independent copy.</summary>
    public WeightVector Clone() => new(Copies(_tensors), _lists);

    /// <summary>Frees the tensors.</summary>
    public void Dispose()
    {
        foreach (var tensor in _tensors) tensor.Dispose();
    }

    /// <summary>Takes over tensors without copying them. Nothing else may own them, and they must be float32 or float64.</summary>
    internal static WeightVector Owning(Tensor[] tensors) => new(Array.ConvertAll(tensors, tensor => tensor.DetachFromDisposeScope()), lists: null);

    /// <summary>The dtype of a vector's numbers for a parameter.</summary>
    internal static ScalarType PrecisionOf(Tensor parameter) => parameter.dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;

    /// <summary>this := this + factor * other.</summary>
    internal void Add(Tensor[] other, double factor) => Each((tensor, i) => tensor.IncreaseBy(other[i], times: factor));

    /// <summary>A new vector, computed from each tensor by itself.</summary>
    internal WeightVector Select([InDisposeScope] Func<Tensor, Tensor> map)
    {
        using var noGradient = no_grad();
        return Owning(Array.ConvertAll(_tensors, tensor =>
        {
            using var scope = NewDisposeScope();
            return map(tensor).to(tensor.dtype, tensor.device).MoveToOuterDisposeScope();
        }));
    }

    /// <summary>Changes each tensor in place.</summary>
    internal WeightVector Each([InDisposeScope] Action<Tensor, int> change)
    {
        using var noGradient = no_grad();
        for (var i = 0; i < _tensors.Length; i++)
        {
            using var scope = NewDisposeScope();
            change(_tensors[i], i);
        }
        return this;
    }

    private static Tensor[] Copies(IEnumerable<Tensor> tensors)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        using var noGradient = no_grad();
        return [.. tensors.Select(Copy)];
    }

    private void RequireSame(WeightVector other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other._tensors.Length != _tensors.Length)
            throw new ArgumentException($"The vectors have {_tensors.Length} and {other._tensors.Length} tensors.", nameof(other));
        for (var i = 0; i < _tensors.Length; i++)
        {
            var (own, its) = (TensorKind.Of(_tensors[i]), other._tensors[i]);
            if (!own.Fits(its))
                throw new ArgumentException($"Tensor {i} has {own} in one vector and {TensorKind.Of(its)} in the other.", nameof(other));
        }
    }

    private static Tensor Copy(Tensor? tensor, int index)
    {
        if (ParameterCheck.Objection(tensor) is { } objection)
            throw new ArgumentException($"Tensor {index} of the vector {objection}", nameof(tensor));
        using var scope = NewDisposeScope();
        return tensor!.detach().to(PrecisionOf(tensor), copy: true).DetachFromDisposeScope();
    }

    private static double Read(Tensor number)
    {
        using (number)
            return number.dtype == ScalarType.Float64 ? number.item<double>() : number.item<float>();
    }

    private Tensor[] Pick(int[] list) => Array.ConvertAll(list, i => _tensors[i]);
}
