using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// LookSAM: a sharpness-aware step remembers the component of its gradient that is orthogonal to g, v = g+ - (&lt;g, g+&gt; / |g|^2) g, which changes
/// slowly; the plain steps that follow, with one pass each, reuse it: g + alpha (|g| / |v|) v (Liu, Mai, Chen, Hsieh, You, "Towards Efficient and
/// Scalable Sharpness-Aware Minimization", 2022). The radius schedule decides which steps are sharpness-aware.
/// </summary>
/// <remarks>
/// The paper and MarlonBecker/MSAM project the whole gradient at once, as is the default here. rollovd/LookSAM and kozistr/pytorch_optimizer project
/// each tensor by itself and add 1e-8 to |v|: <paramref name="PerTensor"/> with a <paramref name="NormFloor"/> of 1e-8. If v is only rounding error,
/// as when the Hessian is a multiple of the identity, nothing is added. Checkpoints include v.
/// </remarks>
/// <param name="Alpha">How much of v is reused; at least 0. Default 0.7 (rollovd, kozistr; MarlonBecker/MSAM's script uses 0.2).</param>
/// <param name="PerTensor">Whether each tensor is projected by itself. Default false.</param>
/// <param name="NormFloor">Added to |v|; at least 0. Default 0.</param>
public sealed record RememberedSharpness(double Alpha = 0.7, bool PerTensor = false, double NormFloor = 0) : ICombiner
{
    private const string Directions = "directions"; // v / (|v| + floor)

    /// <summary>v counts as rounding error when it is shorter than this many rounding units of g+.</summary>
    private const double Rounding = 16;

    /// <summary>How much of v is reused; at least 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or not finite.</exception>
    public double Alpha { get; init => field = Check.NonNegative(value, nameof(Alpha)); } = Check.NonNegative(Alpha);

    /// <summary>Added to |v|; at least 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or not finite.</exception>
    public double NormFloor { get; init => field = Check.NonNegative(value, nameof(NormFloor)); } = Check.NonNegative(NormFloor);

    /// <inheritdoc/>
    public bool Remembers => true;

    /// <inheritdoc/>
    public bool NeedsAscentGradients => true;

    /// <inheritdoc/>
    public bool LeavesGradients => true;

    /// <inheritdoc/>
    public void Combine(Descent descent)
    {
        ArgumentNullException.ThrowIfNull(descent);
        foreach (var block in Blocks(descent.Pairs))
        {
            var stored = block.ToDictionary(pair => pair, pair => descent.MemoryOf(this).Change(Directions, pair.Parameters));
            var along = descent.Along(Descent.Sum(block, pair => descent.Dot(pair.AtWeights, pair.AtPerturbed)),
                descent.GlobalNorm(block, pair => descent.Norm(pair.AtWeights)));
            foreach (var pair in block)
            {
                descent.Copy(stored[pair], pair.AtPerturbed);
                descent.Mix(stored[pair], ones_like(along), pair.AtWeights, along.neg());
            }
            var length = descent.GlobalNorm(block, pair => descent.Norm(stored[pair]));
            var perturbed = descent.GlobalNorm(block, pair => descent.Norm(pair.AtPerturbed));
            var inverse = descent.Inverse(length, NormFloor).mul(length.gt(perturbed.Times(RoundingOf(block[0]))));
            foreach (var pair in block) descent.Multiply(stored[pair], inverse);
        }
    }

    /// <inheritdoc/>
    public void Plain(Descent descent)
    {
        ArgumentNullException.ThrowIfNull(descent);
        var memory = descent.MemoryOf(this);
        if (memory.IsEmpty(Directions)) return;
        foreach (var block in Blocks(descent.Buckets))
        {
            var reach = descent.GlobalNorm(block, bucket => descent.Norm(bucket.AtWeights)).Times(Alpha);
            foreach (var bucket in block) descent.Mix(bucket.AtWeights, ones_like(reach), memory.Of(Directions, bucket.Parameters), reach);
        }
    }

    /// <summary>What is projected together: all buckets, or each tensor by itself.</summary>
    private IReadOnlyList<IReadOnlyList<ParameterBucket>> Blocks(IReadOnlyList<ParameterBucket> buckets)
    {
        if (buckets.Count == 0) return [];
        if (!PerTensor) return [buckets];
        return [.. buckets.SelectMany(bucket => Enumerable.Range(0, bucket.Parameters.Count).Select(i => new[] { bucket.Only(i) }))];
    }

    private static double RoundingOf(ParameterBucket bucket) => Rounding * finfo(bucket.Weights[0].dtype).eps;
}
