using SamSharp.Steps;
using static TorchSharp.torch;
using static TorchSharp.torch.optim;

namespace SamSharp;

public static partial class Recipe
{
    /// <summary>GraphSAM (Wang et al., 2024): climbs along the gradient at w once per epoch, h = g, and in between along an average of the descent
    /// gradients, after every step h = beta h + (1 - beta) g(w + e) / |g(w + e)|, with a norm for each tensor; only steps that take g
    /// have two passes. See also <see cref="TensorClippedGeometry"/>.</summary>
    /// <remarks>h is saved in checkpoints. A parameter that had no gradient when h was last refreshed has h = 0.</remarks>
    /// <param name="stepsPerEpoch">The steps of an epoch; as in the authors' code, the gradient at w is
    /// computed in the first step of each epoch.</param>
    /// <param name="epochsPerDecay">The number of epochs after which the radius shrinks (lambda). The official code has no default.</param>
    /// <param name="rho">The radius, and the farthest that one tensor moves. Default 0.05 (the official code).</param>
    /// <param name="beta">The decay of the direction per step. Default 0.99 (the official code).</param>
    /// <param name="gamma">The radius is rho gamma^floor(epoch / lambda). Default 0.5 (the official code, which repeatedly multiplies the
    /// shrunken radius by gamma^(epoch / lambda)).</param>
    /// <param name="adaptive">Whether ASAM's w^2 scales the ascent. Default true (the official code).</param>
    [Published("GraphSAM", "Wang et al. 2024", "1/n", "4 (5 when g is taken)")]
    public static SharpnessAwareOptions GraphSam(int stepsPerEpoch, int epochsPerDecay, double rho = 0.05, double beta = 0.99,
        double gamma = 0.5, bool adaptive = true) => new()
        {
            Rho = rho,
            Direction = new RefreshedAverage(stepsPerEpoch, beta),
            Geometry = new TensorClippedGeometry(Adaptive: adaptive),
            Schedule = RadiusSchedule.Decaying(gamma, (long)stepsPerEpoch * Check.Positive(epochsPerDecay)),
        };
}

/// <summary>
/// GraphSAM's direction: the gradient at w, refreshed at an interval of steps and updated in between by the descent gradients: h = g in a
/// refreshing step; after every step h = beta h + (1 - beta) g(w + e) / |g(w + e)|, with a norm for each tensor (Wang et al., GraphSAM, 2024;
/// YL-wang/GraphSAM). Only refreshing steps have two passes.
/// </summary>
/// <remarks>h is saved in checkpoints. A parameter that had no gradient when h was last refreshed has h = 0.</remarks>
/// <param name="Every">The interval in steps, at least 1: steps 1, 1 + every, 1 + 2 every, ... refresh. The authors refresh once per epoch. 1
/// computes the gradient at w in every step.</param>
/// <param name="Beta">The decay of h per step, from 0 to 1. Default 0.99 (the official code).</param>
internal sealed record RefreshedAverage(int Every, double Beta = 0.99) : IDirection
{
    private const string Average = "average";

    /// <summary>The interval in steps, at least 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public int Every { get; init => field = Check.Positive(value, nameof(Every)); } = Check.Positive(Every);

    /// <summary>The decay of h per step, from 0 to 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of range.</exception>
    public double Beta { get; init => field = Check.Fraction(value, nameof(Beta)); } = Check.Fraction(Beta);

    /// <inheritdoc/>
    public bool Remembers => true;

    /// <inheritdoc/>
    public bool NeedsGradients(long number) => (number - 1) % Every == 0;

    /// <inheritdoc/>
    public string? Objection(SharpnessAwareOptions options, Optimizer baseOptimizer) => History.Objection(this, options);

    /// <inheritdoc/>
    public void Aim(Ascent ascent)
    {
        var memory = ascent.MemoryOf(this);
        var refreshes = NeedsGradients(ascent.Step);
        if (refreshes) memory.Forget(Average);
        foreach (var bucket in ascent.Buckets)
        {
            var average = memory.Change(Average, bucket.Parameters, bucket.Accumulator);
            if (refreshes) ascent.Copy(average, bucket.AtWeights);
            bucket.Direction = bucket.InWeightsType(average);
        }
    }

    /// <inheritdoc/>
    public void Observe(Descent descent)
    {
        var memory = descent.MemoryOf(this);
        foreach (var bucket in descent.Buckets)
        {
            var known = Enumerable.Range(0, bucket.Parameters.Count)
                .Where(i => memory.Find(Average, bucket.Parameters[i]) is not null).ToArray();
            var average = memory.Change(Average, Array.ConvertAll(known, i => bucket.Parameters[i]), bucket.Accumulator);
            // The authors add their floor to each element, inside the norm.
            var gradients = Array.ConvertAll(known, i => bucket.AtPerturbed[i].to(bucket.Accumulator));
            var units = Array.ConvertAll(gradients, gradient => gradient.div(descent.Norm([gradient.Plus(1e-8)])));
            descent.Mix(average, Beta, units, 1 - Beta);
        }
    }

}

/// <summary>
/// GraphSAM's ball: ASAM's e = rho w^2 d / |w d| with one norm over all parameters, then each tensor's part is clipped to at most rho
/// (Wang et al., GraphSAM, 2024; YL-wang/GraphSAM).
/// </summary>
/// <remarks>The norm is the direction's. The authors' code uses the norm of the gradient that the parameters hold, which is the same in a step that
/// refreshes the direction; in the others it is 0, so that every tensor moves by exactly rho.</remarks>
/// <param name="NormFloor">Added to the norm, at least 0. Default 1e-12, as in the official code.</param>
/// <param name="Adaptive">Whether w^2 scales the ascent, ASAM's, or nothing does, SAM's. Default true, as in the official code.</param>
internal sealed record TensorClippedGeometry(double NormFloor = 1e-12, bool Adaptive = true) : IGeometry
{
    /// <summary>Added to the norm, at least 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or not finite.</exception>
    public double NormFloor { get; init => field = Check.NonNegative(value, nameof(NormFloor)); } = Check.NonNegative(NormFloor);

    /// <inheritdoc/>
    public Tensor Norm(Ascent ascent) =>
        Adaptive ? ascent.GlobalNorm(bucket => ascent.AdaptiveNorm(bucket.Weights, bucket.Direction, 0)) : ascent.Norm();

    /// <inheritdoc/>
    public void Perturb(Ascent ascent, Tensor norm)
    {
        foreach (var bucket in ascent.Buckets)
        {
            var scale = ascent.Scale(bucket, norm, NormFloor);
            var limit = Math.Abs(bucket.Radius);
            var steps = bucket.Weights.Zip(bucket.Direction, (weight, direction) =>
                Cut(ascent, Adaptive
                    ? weight.to(bucket.Accumulator).mul(scale).mul_(weight).mul_(direction)
                    : direction.to(bucket.Accumulator).mul(scale), limit)).ToArray();
            ascent.PerturbBy(bucket, steps, 1);
        }
    }

    private static Tensor Cut(Ascent ascent, Tensor step, double limit) =>
        step.mul_(ascent.Norm([step]).Plus(1e-30).DividedInto(limit).Clamped(max: 1.0));
}
