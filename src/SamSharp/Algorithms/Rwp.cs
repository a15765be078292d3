using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

public static partial class Recipe
{
    /// <summary>RWP (Li, Tao et al., 2024): the gradient at weights with Gaussian noise, whose standard deviation is
    /// sigma times the norm of each filter. One pass per step. The authors' growing noise is
    /// <see cref="RadiusSchedule.Scaled"/> with <see cref="Ramp.Cosine"/>.</summary>
    /// <param name="sigma">The noise's scale. Default 0.01 (the official code; its run file uses 0.015).</param>
    /// <param name="seed">Seed of the noise. Default 0.</param>
    [Published("RWP", "Li et al. 2024", "0", "3")]
    public static SharpnessAwareOptions Rwp(double sigma = 0.01, long seed = 0) =>
        new() { Rho = sigma, Direction = new RandomDirection(new GaussianNoise(seed)), Geometry = new FilterGeometry(new RawGeometry()) };

    /// <summary>ARWP (Li, Tao et al., 2024): RWP with less noise where gradients are large; see <see cref="AdaptedNoise"/>.</summary>
    /// <param name="sigma">The noise's scale. Default 0.01 (the official code).</param>
    /// <param name="eta">How much the gradients count. Default 1 (the official code; its run file uses 0.1).</param>
    /// <param name="beta">The decay of the sum of their squares. Default 0.9 (the official code; its run file uses 0.99).</param>
    /// <param name="seed">Seed of the noise. Default 0.</param>
    [Published("ARWP", "Li et al. 2024", "0", "3")]
    public static SharpnessAwareOptions AdaptiveRwp(double sigma = 0.01, double eta = 1, double beta = 0.9, long seed = 0) =>
        Rwp(sigma) with { Direction = new AdaptedNoise(new GaussianNoise(seed), eta, beta) };

    /// <summary>m-RWP (Li, Tao et al., 2024): a weighted sum of the gradients at weights with and without noise. The authors
    /// compute the two on consecutive batches: <c>Step(thisBatch, ascent: previousBatch)</c>. For m-ARWP, give
    /// <see cref="AdaptiveRwp"/> the same combiner.</summary>
    /// <param name="sigma">The noise's scale. Default 0.01 (the official code).</param>
    /// <param name="lambda">The share of the gradient with noise. Default 0.5 (the official code).</param>
    /// <param name="seed">Seed of the noise. Default 0.</param>
    [Published("m-RWP", "Li et al. 2024", "1", "3")]
    public static SharpnessAwareOptions MixedRwp(double sigma = 0.01, double lambda = 0.5, long seed = 0) =>
        Rwp(sigma, seed) with { Combiner = new WeightedGradient(Check.Fraction(lambda)) };
}

/// <summary>
/// ARWP's random direction, smaller where gradients are large: d = noise / sqrt(1 + eta F), where F = beta F + sum g^2 after each step, with
/// g the gradient at the perturbed weights and the sum over each filter; element by element for vectors, as in the code (Li, Tao et al.,
/// "Revisiting Random Weight Perturbation for Efficiently Improving Generalization", 2024; nblt/mARWP).
/// </summary>
/// <remarks>eta = 0 is <see cref="RandomDirection"/>. F, one number per filter, is saved in checkpoints.</remarks>
/// <param name="Noise">The random vectors.</param>
/// <param name="Eta">How much the gradients count, at least 0. Default 1 (the official code; its run file uses 0.1).</param>
/// <param name="Beta">The decay of F per step, from 0 to 1. Default 0.9 (the official code; its run file uses 0.99).</param>
internal sealed record AdaptedNoise(INoise Noise, double Eta = 1, double Beta = 0.9) : IDirection
{
    private const string Squares = "squares";

    /// <summary>How much the gradients count, at least 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or not finite.</exception>
    public double Eta { get; init => field = Check.NonNegative(value, nameof(Eta)); } = Check.NonNegative(Eta);

    /// <summary>The decay of F per step, from 0 to 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of range.</exception>
    public double Beta { get; init => field = Check.Fraction(value, nameof(Beta)); } = Check.Fraction(Beta);

    /// <inheritdoc/>
    public bool Remembers => true;

    /// <inheritdoc/>
    public bool NeedsGradients(long number) => false;

    /// <inheritdoc/>
    public void Aim(Ascent ascent)
    {
        var memory = ascent.MemoryOf(this);
        foreach (var bucket in ascent.Buckets)
        {
            bucket.Direction = bucket.Parameters.Select(parameter =>
            {
                var noise = Noise.Sample(parameter, ascent.Step, ascent.Draw);
                return memory.Find(Squares, parameter) is { } squares ? noise.div_(squares.Times(Eta).IncreaseBy(1).sqrt_()) : noise;
            }).ToArray();
        }
    }

    /// <inheritdoc/>
    public void Observe(Descent descent)
    {
        var memory = descent.MemoryOf(this);
        foreach (var bucket in descent.Buckets)
        {
            for (var i = 0; i < bucket.Parameters.Count; i++)
            {
                var sums = Filters.SquareSums(bucket.AtPerturbed[i].to(bucket.Accumulator));
                memory.Change(Squares, [bucket.Parameters[i]], _ => zeros_like(sums))[0].MultiplyBy(Beta).IncreaseBy(sums);
            }
        }
    }
}
