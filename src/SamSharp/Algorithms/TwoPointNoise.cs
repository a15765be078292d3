using SamSharp.Steps;
using static TorchSharp.torch;
using static TorchSharp.torch.optim;

namespace SamSharp;

public static partial class Recipe
{
    /// <summary>Two-point noise (Zhang et al., "Noise Stability Optimization", 2023): the mean of the gradients at w + u and w - u with
    /// Gaussian u. On a quadratic it is exactly the gradient.</summary>
    /// <param name="sigma">The noise's standard deviation. Default 0.01; the authors' code was not available.</param>
    /// <param name="pairs">The number of u, at least 1. Each costs two passes. Default 1.</param>
    /// <param name="seed">Seed of the noise. Default 0.</param>
    [Published("Two-point noise (NSO)", "Zhang et al. 2023", "1", "3")]
    public static SharpnessAwareOptions TwoPointNoise(double sigma = 0.01, int pairs = 1, long seed = 0) => new()
    {
        Rho = sigma,
        Direction = new RandomDirection(new AntitheticNoise(new GaussianNoise(seed))),
        Geometry = new RawGeometry(),
        Combiner = new AverageOverDraws(2 * Check.Positive(pairs)),
    };
}

/// <summary>The mean of the gradients at several random points: (1/n) sum over i of g(w + e_i). Each draw
/// beyond the first costs one more pass.</summary>
/// <param name="Draws">The number of points, at least 1; 1 is <see cref="PerturbedGradient"/>.</param>
internal sealed record AverageOverDraws(int Draws) : ICombiner
{
    /// <summary>The number of points, at least 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public int Draws { get; init => field = Check.Positive(value, nameof(Draws)); } = Check.Positive(Draws);

    /// <inheritdoc/>
    public bool NeedsFurtherPasses => Draws > 1;

    /// <inheritdoc/>
    public string? Objection(SharpnessAwareOptions options, Optimizer baseOptimizer) => Draws == 1 ? null : RandomPoints.Objection(this, options);

    /// <inheritdoc/>
    public void Combine(Descent descent)
    {
        for (var draw = 1; draw < Draws; draw++)
        {
            using var point = descent.AtDraw(draw);
            foreach (var bucket in descent.Buckets) descent.Mix(bucket.AtPerturbed, draw == 1 ? 1.0 / Draws : 1, point.Of(bucket), 1.0 / Draws);
        }
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
