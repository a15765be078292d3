using static TorchSharp.torch;

namespace SamSharp.Kernels;

/// <summary>
/// libtorch's multi-tensor operators (<c>_foreach_*</c>), which TorchSharp does not bind, reached through TorchScript: one call from .NET
/// for a whole list, and on CUDA a few kernel launches for it whatever its length.
/// </summary>
internal sealed class MultiTensorKernels : ITensorListKernels
{
    // TorchScript has no names for dtypes: 6 is float32, 7 is float64. On the CPU reading a tensor's value costs nothing, and adding with a
    // factor is one pass; on CUDA reading it would wait for the device, so the product is formed first.
    private static readonly TorchScript Script = new("""
        def add_scaled(targets: List[Tensor], vectors: List[Tensor], scale: Tensor):
            # float16 and bfloat16 would round alpha to their own precision.
            if scale.is_cpu and (targets[0].dtype == 6 or targets[0].dtype == 7):
                torch._foreach_add_(targets, vectors, alpha=scale.item())
            else:
                torch._foreach_add_(targets, torch._foreach_mul(vectors, scale))

        def metric(weights: List[Tensor], kappa: float):
            scaled = torch._foreach_abs(weights)
            torch._foreach_add_(scaled, kappa)
            return scaled

        def norm(vectors: List[Tensor], dtype: int):
            parts: List[Tensor] = []
            for vector in vectors:
                if vector.is_cpu and vector.numel() > 16384:
                    # The CPU adds up millions of float32 squares to three digits only, but rows of them to seven.
                    flat = vector.reshape([-1])
                    whole = flat.numel() // 4096 * 4096
                    parts.append(torch.linalg_vector_norm(flat.narrow(0, 0, whole).view([-1, 4096]), 2, [-1], dtype=dtype))
                    parts.append(flat.narrow(0, whole, flat.numel() - whole))
                else:
                    parts.append(vector)
            return torch.linalg_vector_norm(torch.stack(torch._foreach_norm(parts, 2, dtype=dtype)))

        def adaptive_norm(weights: List[Tensor], vectors: List[Tensor], kappa: float, dtype: int):
            scaled = metric([weight.to(dtype) for weight in weights], kappa)
            torch._foreach_mul_(scaled, [vector.to(dtype) for vector in vectors])
            return norm(scaled, dtype)

        def dot(left: List[Tensor], right: List[Tensor]):
            parts: List[Tensor] = []
            for i in range(len(left)):
                parts.append((left[i].double() * right[i].double()).sum())
            return torch.stack(parts).sum()

        def scale(norm: Tensor, radius: float, floor: float):
            usable = torch.logical_and(torch.isfinite(norm), norm > 0)
            return torch.where(usable, radius / (norm + floor), torch.zeros_like(norm))

        def copy(targets: List[Tensor], sources: List[Tensor]):
            torch._foreach_copy_(targets, sources)

        def perturb(weights: List[Tensor], results: List[Tensor], vectors: List[Tensor], scale: Tensor):
            torch._foreach_copy_(results, weights)
            add_scaled(results, vectors, scale)

        def perturb_adaptive(weights: List[Tensor], results: List[Tensor], vectors: List[Tensor], scale: Tensor, kappa: float):
            if weights[0].dtype == 6 or weights[0].dtype == 7:
                scaled = metric(weights, kappa)
                products = torch._foreach_mul(scaled, vectors)
                torch._foreach_mul_(scaled, scale)
                torch._foreach_mul_(products, scaled)
                torch._foreach_copy_(results, weights)
                torch._foreach_add_(results, products)
            else:
                for i in range(len(weights)):
                    weight = weights[i].float()
                    metric_ = weight.abs() + kappa
                    results[i].copy_(weight + metric_ * scale * (metric_ * vectors[i].float()))

        def accumulate(sums: List[Tensor], vectors: List[Tensor], weight: float):
            torch._foreach_add_(sums, vectors, alpha=weight)

        def mix(targets: List[Tensor], own: Tensor, vectors: List[Tensor], other: Tensor):
            torch._foreach_mul_(targets, own)
            add_scaled(targets, vectors, other)
        """);

    /// <inheritdoc/>
    public Tensor Norm(Tensor[] vectors)
    {
        ArgumentNullException.ThrowIfNull(vectors);
        return vectors.Length == 0 ? zeros([]) : WideNorm.Of(() => Script.Call("norm", [vectors, Accumulator(vectors)]), vectors);
    }

    /// <inheritdoc/>
    public Tensor AdaptiveNorm(Tensor[] weights, Tensor[] vectors, double kappa)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(vectors);
        return vectors.Length == 0 ? zeros([])
            : WideNorm.Of(() => Script.Call("adaptive_norm", [weights, vectors, kappa, Accumulator(vectors)]), weights, vectors, kappa);
    }

    /// <inheritdoc/>
    public Tensor Dot(Tensor[] left, Tensor[] right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        return left.Length == 0 ? zeros([], ScalarType.Float64) : Script.Call("dot", [left, right]);
    }

    /// <inheritdoc/>
    public Tensor Scale(Tensor norm, double radius, double floor) => Script.Call("scale", [norm, radius, floor]);

    /// <inheritdoc/>
    public void Perturb(Tensor[] weights, Tensor[] results, Tensor[] vectors, Tensor scale) =>
        Run("perturb", weights, [results, vectors, scale]);

    /// <inheritdoc/>
    public void PerturbAdaptive(Tensor[] weights, Tensor[] results, Tensor[] vectors, Tensor scale, double kappa) =>
        Run("perturb_adaptive", weights, [results, vectors, scale, kappa]);

    /// <inheritdoc/>
    public void Copy(Tensor[] targets, Tensor[] sources) => Run("copy", targets, [sources]);

    /// <inheritdoc/>
    public void Accumulate(Tensor[] sums, Tensor[] vectors, double weight) => Run("accumulate", sums, [vectors, weight]);

    /// <inheritdoc/>
    public void Mix(Tensor[] targets, Tensor own, Tensor[] vectors, Tensor other) => Run("mix", targets, [own, vectors, other]);

    /// <inheritdoc/>
    public void PerturbRounded(NarrowWeights weights, Tensor[] results, Tensor[] vectors, Tensor scale, double? kappa) =>
        RoundingOperators.Perturb(this, weights, results, vectors, scale, kappa);

    /// <inheritdoc/>
    public void Round(Tensor[] targets, Tensor[] sources, ulong[]? keys) => RoundingOperators.Round(targets, sources, keys);

    /// <inheritdoc/>
    public void TakeUpChanges(Tensor[] masters, Tensor[] weights) => RoundingOperators.TakeUpChanges(masters, weights);

    /// <summary>The dtype that sums are taken in. A tensor that is null is refused with the rest of its list, when the operation is called.</summary>
    private static int Accumulator(Tensor[] vectors) =>
        (int)(vectors[0]?.dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32);

    /// <summary>Skips empty lists, since the in-place operators need at least one tensor.</summary>
    private static void Run(string function, Tensor[] first, object[] others)
    {
        ArgumentNullException.ThrowIfNull(first);
        if (first.Length > 0) Script.Run(function, [first, .. others]);
    }
}
