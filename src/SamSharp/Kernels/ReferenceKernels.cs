using static TorchSharp.torch;

namespace SamSharp.Kernels;

/// <summary>One tensor at a time, with TorchSharp's operators: they define each operation, and the other kernels are tested against them.</summary>
internal sealed class ReferenceKernels : ITensorListKernels
{
    /// <inheritdoc/>
    public Tensor Norm(Tensor[] vectors)
    {
        ArgumentNullException.ThrowIfNull(vectors);
        using var scope = NewDisposeScope();
        return WideNorm.Of(() => Root(vectors, v => v), vectors).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public Tensor AdaptiveNorm(Tensor[] weights, Tensor[] vectors, double kappa)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(vectors);
        using var scope = NewDisposeScope();
        var pairs = weights.Zip(vectors).ToArray();
        var norm = WideNorm.Of(() => Root(pairs, p => Metric(Accumulator(p.First), kappa).mul(Accumulator(p.Second))), weights, vectors, kappa);
        return norm.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public Tensor Dot(Tensor[] left, Tensor[] right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        using var scope = NewDisposeScope();
        return Total(left.Zip(right).ToArray(), pair => pair.First.to(ScalarType.Float64).mul(pair.Second.to(ScalarType.Float64)))
            .to(ScalarType.Float64).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public Tensor Scale(Tensor norm, double radius, double floor)
    {
        ArgumentNullException.ThrowIfNull(norm);
        using var scope = NewDisposeScope();
        var usable = norm.isfinite().logical_and(norm.IsGreaterThan(0));
        return where(usable, norm.Plus(floor).DividedInto(radius), zeros_like(norm)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Perturb(Tensor[] weights, Tensor[] results, Tensor[] vectors, Tensor scale)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(vectors);
        ArgumentNullException.ThrowIfNull(results);
        Each(results, (result, i) => result.copy_(Accumulator(weights[i]).Plus(Accumulator(vectors[i]).mul(scale))));
    }

    /// <inheritdoc/>
    public void PerturbAdaptive(Tensor[] weights, Tensor[] results, Tensor[] vectors, Tensor scale, double kappa)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(vectors);
        ArgumentNullException.ThrowIfNull(results);
        Each(results, (result, i) =>
        {
            var (weight, metric) = (Accumulator(weights[i]), Metric(Accumulator(weights[i]), kappa));
            return result.copy_(weight.Plus(metric.mul(scale).mul(metric.mul(Accumulator(vectors[i])))));
        });
    }

    /// <inheritdoc/>
    public void Copy(Tensor[] targets, Tensor[] sources)
    {
        ArgumentNullException.ThrowIfNull(targets);
        ArgumentNullException.ThrowIfNull(sources);
        Each(targets, (target, i) => target.copy_(sources[i]));
    }

    /// <inheritdoc/>
    public void Accumulate(Tensor[] sums, Tensor[] vectors, double weight)
    {
        ArgumentNullException.ThrowIfNull(sums);
        ArgumentNullException.ThrowIfNull(vectors);
        Each(sums, (sum, i) => sum.IncreaseBy(vectors[i], times: weight));
    }

    /// <inheritdoc/>
    public void Mix(Tensor[] targets, Tensor own, Tensor[] vectors, Tensor other)
    {
        ArgumentNullException.ThrowIfNull(targets);
        ArgumentNullException.ThrowIfNull(vectors);
        Each(targets, (target, i) => target.copy_(Accumulator(target).mul(own).Plus(Accumulator(vectors[i]).mul(other))));
    }

    /// <inheritdoc/>
    public void PerturbRounded(NarrowWeights weights, Tensor[] results, Tensor[] vectors, Tensor scale, double? kappa) =>
        RoundingOperators.Perturb(this, weights, results, vectors, scale, kappa);

    /// <inheritdoc/>
    public void Round(Tensor[] targets, Tensor[] sources, ulong[]? keys) => RoundingOperators.Round(targets, sources, keys);

    /// <inheritdoc/>
    public void TakeUpChanges(Tensor[] masters, Tensor[] weights) => RoundingOperators.TakeUpChanges(masters, weights);

    /// <summary>The diagonal of ASAM's metric: |w| + kappa.</summary>
    [InDisposeScope]
    private static Tensor Metric(Tensor weight, double kappa) => weight.abs().Plus(kappa);

    [InDisposeScope]
    private static Tensor Root<T>(IReadOnlyList<T> items, Func<T, Tensor> vector) => Total(items, item => Accumulator(vector(item)).Squared()).sqrt();

    [InDisposeScope]
    private static Tensor Total<T>(IReadOnlyList<T> items, Func<T, Tensor> summands) =>
        items.Count == 0 ? zeros([]) : stack(items.Select(item => summands(item).sum())).sum();

    [InDisposeScope]
    private static Tensor Accumulator(Tensor tensor) => tensor.to_type(tensor.dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32);

    private static void Each(Tensor[] targets, [InDisposeScope] Func<Tensor, int, Tensor> update)
    {
        using var noGradient = no_grad();
        for (var i = 0; i < targets.Length; i++)
        {
            using var scope = NewDisposeScope();
            update(targets[i], i);
        }
    }
}
