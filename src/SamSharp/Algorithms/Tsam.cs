using SamSharp.Steps;
using static TorchSharp.torch;
using static TorchSharp.torch.optim;

namespace SamSharp;

public static partial class Recipe
{
    /// <summary>Tilted SAM (Li, Zhou, Bilmes, "Tilted Sharpness-Aware Minimization", 2025; litian96/TSAM); see <see cref="TiltedAverage"/>. With n
    /// random points a step has 2n passes.</summary>
    /// <param name="rho">The radius of the ascents. Default 0.05 (the official code).</param>
    /// <param name="tilt">How much points of larger loss count: 0 is their mean, infinity the worst. Default 1 (the official code, whose scripts
    /// use up to 400).</param>
    /// <param name="draws">The number of random points. Default 3 (the official code).</param>
    /// <param name="radius">The largest length of the noise. Default 1 (the official code).</param>
    /// <param name="scaling">The standard deviation of the noise before it is shortened to the radius. Default 1 (the same).</param>
    /// <param name="onSphere">Whether all noise has the length of the radius (the code's "uniform"). Default false.</param>
    /// <param name="seed">Seed of the noise. Default 0.</param>
    [Published("Tilted SAM (TSAM)", "Li et al. 2025", "5", "4")]
    public static SharpnessAwareOptions Tsam(double rho = 0.05, double tilt = 1, int draws = 3, double radius = 1, double scaling = 1,
        bool onSphere = false, long seed = 0) => new()
        {
            Rho = rho,
            Direction = new RandomDirection(new GaussianNoise(seed)),
            Geometry = new NoiseBall(radius, scaling, onSphere),
            Combiner = new TiltedAverage(draws, tilt),
        };
}

/// <summary>
/// TSAM's gradient: sum over i of softmax(tilt L)_i G_i, where L_i and G_i are loss and gradient after an ascent from the random point w + u_i, so
/// that sharper neighbors count more. One gradient is held at a time, beside their sum.
/// </summary>
/// <param name="Draws">The number of points, at least 1.</param>
/// <param name="Tilt">How much points of larger loss count, at least 0.</param>
internal sealed record TiltedAverage(int Draws, double Tilt) : ICombiner
{
    /// <summary>The number of points, at least 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1 or more than 1000.</exception>
    public int Draws { get; init => field = Check.Passes(value, "draws"); } = Check.Passes(Draws, "draws");

    /// <summary>How much points of larger loss count, at least 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or not finite.</exception>
    public double Tilt { get; init => field = Check.NonNegative(value, "tilt"); } = Check.NonNegative(Tilt, "tilt");

    /// <inheritdoc/>
    public bool NeedsFurtherPasses => true;

    /// <inheritdoc/>
    public string? Objection(SharpnessAwareOptions options, Optimizer baseOptimizer) => RandomPoints.Objection(this, options);

    /// <inheritdoc/>
    public void Combine(Descent descent)
    {
        var own = descent.Buckets.SelectMany(bucket => bucket.Parameters.Zip(bucket.AtPerturbed)).ToDictionary();
        Tensor peak = zeros([], ScalarType.Float64), total = zeros([], ScalarType.Float64);
        for (var draw = 0; draw < Draws; draw++)
        {
            using var noisy = draw == 0 ? null : descent.AtDraw(draw);
            using var point = descent.FromDraw(draw, new Leg(noisy is null ? own.GetValueOrDefault : noisy.Find, Geometry: new EuclideanGeometry()));
            var tilted = point.Loss.to(ScalarType.Float64).reshape([]).Times(Tilt);
            var highest = draw == 0 ? tilted : peak.maximum(tilted);
            var (before, now) = (draw == 0 ? zeros_like(highest) : (peak - highest).exp(), (tilted - highest).exp());
            foreach (var bucket in descent.Buckets) descent.Mix(bucket.AtPerturbed, before, point.Of(bucket), now);
            (peak, total) = (highest, draw == 0 ? now : (total * before).IncreaseBy(now));
        }
        var inverse = total.reciprocal();
        foreach (var bucket in descent.Buckets) descent.Multiply(bucket.AtPerturbed, inverse);
    }
}

/// <summary>Noise as it is, times a scale, shortened where it is longer than a length; or brought to that length. The radius of the step plays no
/// part.</summary>
/// <param name="Length">The largest length, above 0.</param>
/// <param name="Scaling">The factor on the noise, above 0.</param>
/// <param name="OnSphere">Whether the noise always has that length.</param>
internal sealed record NoiseBall(double Length, double Scaling, bool OnSphere) : IGeometry
{
    /// <summary>The largest length, above 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not a finite number above 0.</exception>
    public double Length { get; init => field = Check.Positive(value, "radius"); } = Check.Positive(Length, "radius");

    /// <summary>The factor on the noise, above 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not a number above 0 that float32 has.</exception>
    public double Scaling { get; init => field = Check.PositiveSingle(value, "scaling"); } = Check.PositiveSingle(Scaling, "scaling");

    /// <inheritdoc/>
    public Tensor Norm(Ascent ascent) => ascent.Norm();

    /// <inheritdoc/>
    public void Perturb(Ascent ascent, Tensor norm)
    {
        var factor = ascent.Inverse(norm).Times(Length);
        if (!OnSphere) factor = factor.Clamped(max: Scaling);
        foreach (var bucket in ascent.Buckets)
        {
            var own = factor.to(bucket.Accumulator, bucket.Device);
            ascent.PerturbBy(bucket, Array.ConvertAll(bucket.Direction, noise => noise.mul(own)), 1);
        }
    }
}
