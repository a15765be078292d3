using SamSharp.Kernels;
using static TorchSharp.torch;
using static TorchSharp.torch.optim;

namespace SamSharp.Steps;

/// <summary>What the parts of a recipe work with in one phase of a step: parameters in buckets, the memory of a part, and fused operations over
/// lists of tensors.</summary>
/// <remarks>Lists that are passed together have the same length and equal shapes, position by position. Numbers that an operation returns stay on
/// the device, as tensors without dimensions.</remarks>
[InDisposeScope]
public abstract class StepPhase
{
    private protected StepPhase(StepServices services, IReadOnlyList<ParameterBucket> buckets)
    {
        Services = services;
        Buckets = buckets;
    }

    /// <summary>The number of the current step, from 1.</summary>
    public long Step => Services.Report.Step;

    /// <summary>The base optimizer, for parts that follow its state, such as its momentum.</summary>
    public Optimizer BaseOptimizer => Services.Base.Optimizer;

    /// <summary>The parameters of this phase; each bucket has at least one.</summary>
    public IReadOnlyList<ParameterBucket> Buckets { get; }

    internal StepServices Services { get; }

    private protected ITensorListKernels Kernels => Services.Kernels;

    /// <summary>What a part remembers from step to step.</summary>
    /// <param name="part">The part itself; it must say <see cref="IStepPart.Remembers"/>.</param>
    /// <exception cref="InvalidOperationException">The part is not one of the recipe's, or says that it remembers nothing.</exception>
    public PartMemory MemoryOf(IStepPart part) => Services.Memory.Of(part);

    /// <summary>The Euclidean norm of all vectors joined, accumulated in float32 or better.</summary>
    public Tensor Norm(Tensor[] vectors) => Kernels.Norm(vectors);

    /// <summary>sqrt(sum ((|w| + kappa) v)^2), accumulated in float32 or better.</summary>
    public Tensor AdaptiveNorm(Tensor[] weights, Tensor[] vectors, double kappa) => Kernels.AdaptiveNorm(weights, vectors, kappa);

    /// <summary>The inner product of all vectors joined, a float64 number: it leaves the range of float32 where the vectors do not.</summary>
    public Tensor Dot(Tensor[] left, Tensor[] right) => Kernels.Dot(left, right);

    /// <summary>1 / (norm + floor), or 0 where the norm is 0 or not finite.</summary>
    public Tensor Inverse(Tensor norm, double floor = 0) => Kernels.Scale(norm, 1, floor);

    /// <summary>target := source, bit for bit.</summary>
    public void Copy(Tensor[] targets, Tensor[] sources) => Kernels.Copy(targets, sources);

    /// <summary>target := source rounded to the target's dtype, which may be another.</summary>
    internal static void Round(Tensor[] targets, Tensor[] sources)
    {
        foreach (var (target, source) in targets.Zip(sources))
        {
            if (!ReferenceEquals(target, source)) target.copy_(source);
        }
    }

    /// <summary>sum := sum + weight v.</summary>
    public void Accumulate(Tensor[] sums, Tensor[] vectors, double weight) => Kernels.Accumulate(sums, vectors, weight);

    /// <summary>target := own target + other v.</summary>
    public void Mix(Tensor[] targets, double own, Tensor[] vectors, double other)
    {
        TensorLists.Require(targets);
        if (targets.Length > 0) Kernels.Mix(targets, FactorFor(targets, own), vectors, FactorFor(targets, other));
    }

    /// <summary>target := own target + other v, with factors that stay on the device.</summary>
    public void Mix(Tensor[] targets, Tensor own, Tensor[] vectors, Tensor other)
    {
        TensorLists.Require(targets);
        ArgumentNullException.ThrowIfNull(own);
        ArgumentNullException.ThrowIfNull(other);
        if (targets.Length > 0) Kernels.Mix(targets, FactorFor(targets, own), vectors, FactorFor(targets, other));
    }

    /// <summary>vector := factor vector.</summary>
    public void Multiply(Tensor[] vectors, Tensor factor)
    {
        TensorLists.Require(vectors);
        ArgumentNullException.ThrowIfNull(factor);
        if (vectors.Length > 0) Kernels.Mix(vectors, FactorFor(vectors, factor), vectors, FactorFor(vectors, 0));
    }

    /// <summary>One norm over several buckets, whatever their devices and dtypes: sqrt(sum of the
    /// buckets' squared norms). 0 without buckets.</summary>
    public Tensor GlobalNorm(IReadOnlyList<ParameterBucket> buckets, Func<ParameterBucket, Tensor> norm)
    {
        ArgumentNullException.ThrowIfNull(buckets);
        ArgumentNullException.ThrowIfNull(norm);
        if (buckets.Count == 1) return norm(buckets[0]);
        using var scope = NewDisposeScope();
        return Kernels.Norm(Joined(buckets, norm)).MoveToOuterDisposeScope();
    }

    /// <summary>Sums a number over several buckets, on the first bucket's device. 0 without buckets.</summary>
    public static Tensor Sum(IReadOnlyList<ParameterBucket> buckets, Func<ParameterBucket, Tensor> number)
    {
        ArgumentNullException.ThrowIfNull(buckets);
        ArgumentNullException.ThrowIfNull(number);
        if (buckets.Count == 1) return number(buckets[0]);
        using var scope = NewDisposeScope();
        return stack(Joined(buckets, number)).sum().MoveToOuterDisposeScope();
    }

    private protected static Tensor FactorFor(Tensor[] targets, Tensor number) =>
        number.to(ParameterBucket.AccumulatorOf(targets[0].dtype), targets[0].device);

    private protected static Tensor FactorFor(Tensor[] targets, double number) =>
        tensor(number, ParameterBucket.AccumulatorOf(targets[0].dtype), targets[0].device);

    private static Tensor[] Joined(IReadOnlyList<ParameterBucket> buckets, Func<ParameterBucket, Tensor> number)
    {
        if (buckets.Count == 0) return [zeros([], ScalarType.Float64)];
        if (buckets.Contains(null!)) throw new ArgumentException("A bucket is null.", nameof(buckets));
        var device = buckets[0].Device;
        return buckets.Select(bucket => number(bucket).to(ScalarType.Float64, device)).ToArray();
    }
}
