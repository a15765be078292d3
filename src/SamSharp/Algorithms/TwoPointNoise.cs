using SamSharp.Steps;
using static TorchSharp.torch;
using static TorchSharp.torch.optim;

namespace SamSharp;

public static partial class Recipe
{
    /// <summary>Two-point noise (NSO: Zhang et al., "Noise Stability Optimization", 2023; VirtuosoResearch/Noise-stability-optimization):
    /// the mean of the gradients at w + u and w - u with Gaussian u. On a quadratic it is exactly the gradient.</summary>
    /// <param name="sigma">The noise's standard deviation. Default 0.01 (the official README; its class has 0.05).</param>
    /// <param name="pairs">The number of u, at least 1. Each costs two passes. Default 1 (the same).</param>
    /// <param name="seed">Seed of the noise. Default 0.</param>
    /// <param name="lambda">The share of the gradient at w, from 0 to 1, which costs one more pass if it is not 0. Default 0 (the same).</param>
    [Published("Two-point noise (NSO)", "Zhang et al. 2023", "1 (with lambda 2)", "3")]
    public static SharpnessAwareOptions TwoPointNoise(double sigma = 0.01, int pairs = 1, long seed = 0, double lambda = 0) => new()
    {
        Rho = sigma,
        Direction = new RandomDirection(new AntitheticNoise(new GaussianNoise(seed))),
        Geometry = new RawGeometry(),
        Combiner = new AverageOverDraws(2 * Check.Positive(pairs), lambda),
    };

    /// <summary>The one-sided form of NSO: the mean of the gradients at w + u alone (Zhang et al. 2023; the official code with
    /// <c>use_neg</c> off). See <see cref="TwoPointNoise"/>.</summary>
    /// <param name="sigma">The noise's standard deviation. Default 0.01 (the official README; its class has 0.05).</param>
    /// <param name="draws">The number of u, at least 1. Each costs a pass. Default 1 (the same).</param>
    /// <param name="seed">Seed of the noise. Default 0.</param>
    /// <param name="lambda">The share of the gradient at w, from 0 to 1, which costs one more pass if it is not 0. Default 0 (the same).</param>
    [Published("NSO, one-sided", "Zhang et al. 2023", "0 (with lambda 1)", "2")]
    public static SharpnessAwareOptions OneSidedNoise(double sigma = 0.01, int draws = 1, long seed = 0, double lambda = 0) =>
        TwoPointNoise(sigma) with
        {
            Direction = new RandomDirection(new GaussianNoise(seed)),
            Combiner = new AverageOverDraws(draws, lambda),
        };
}

/// <summary>The mean of the gradients at several random points, mixed with the gradient at w: own g + (1 - own)/n sum over i of g(w + e_i). Each
/// draw beyond the first costs one more pass, and so does g.</summary>
/// <param name="Draws">The number of points, at least 1; 1 without g is <see cref="PerturbedGradient"/>.</param>
/// <param name="Own">The share of g, from 0 to 1.</param>
internal sealed record AverageOverDraws(int Draws, double Own = 0) : ICombiner
{
    /// <summary>The number of points, at least 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1 or more than 1000.</exception>
    public int Draws { get; init => field = Check.Passes(value, "draws"); } = Check.Passes(Draws, "draws");

    /// <summary>The share of g, from 0 to 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of range.</exception>
    public double Own { get; init => field = Check.Fraction(value, "lambda"); } = Check.Fraction(Own, "lambda");

    /// <inheritdoc/>
    public bool NeedsAscentGradients => Own > 0;

    /// <inheritdoc/>
    public bool NeedsFurtherPasses => Draws > 1;

    /// <inheritdoc/>
    public string? Objection(SharpnessAwareOptions options, Optimizer baseOptimizer) => Draws == 1 ? null : RandomPoints.Objection(this, options);

    /// <inheritdoc/>
    public void Combine(Descent descent)
    {
        var sums = new Dictionary<ParameterSlot, Tensor>();
        foreach (var bucket in descent.Buckets)
        {
            foreach (var (slot, sum) in bucket.Parameters.Zip(bucket.Widened(bucket.AtPerturbed))) sums.Add(slot, sum);
        }
        for (var draw = 1; draw < Draws; draw++)
        {
            using var point = descent.AtDraw(draw);
            foreach (var bucket in descent.Buckets)
                descent.Mix(SumsOf(bucket), draw == 1 ? 1.0 / Draws : 1, bucket.Widened(point.Of(bucket)), 1.0 / Draws);
        }
        if (Own > 0)
        {
            foreach (var pair in descent.Pairs) descent.Mix(SumsOf(pair), 1 - Own, pair.Widened(pair.AtWeights), Own);
        }
        foreach (var bucket in descent.Buckets) StepPhase.Round(bucket.AtPerturbed, SumsOf(bucket));

        Tensor[] SumsOf(ParameterBucket bucket) => [.. bucket.Parameters.Select(slot => sums[slot])];
    }
}

/// <summary>Noise in opposite pairs: draws 0, 2, 4, ... come from another noise, and draws 1, 3, 5, ... are their negatives, so that what is
/// odd in the noise cancels in a mean over pairs.</summary>
/// <param name="Noise">The other noise.</param>
internal sealed record AntitheticNoise(INoise Noise) : INoise
{
    /// <inheritdoc/>
    public Tensor Sample(ParameterSlot parameter, long number, int draw)
    {
        var even = Noise.Sample(parameter, number, draw - (draw % 2));
        return draw % 2 == 0 ? even : even.neg_();
    }
}
