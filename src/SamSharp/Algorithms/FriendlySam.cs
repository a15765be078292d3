using SamSharp.Steps;
using static TorchSharp.torch.optim;

namespace SamSharp;

public static partial class Recipe
{
    /// <summary>Friendly-SAM (Li et al., 2024): climbs along what a gradient does not share with the average of earlier ones. For
    /// the authors' optional weighting by w^2, set <see cref="SharpnessAwareOptions.Geometry"/> to an
    /// <see cref="AdaptiveGeometry"/> with kappa 0.</summary>
    /// <param name="rho">The radius. Default 0.05 (the official class; its trainer uses 0.1, its script 0.2).</param>
    /// <param name="sigma">How much of the average is removed. Default 1 (the official class).</param>
    /// <param name="lambda">The decay of the average. Default 0.9 (the official class; its trainer uses 0.95, its script 0.6).</param>
    [Published("Friendly-SAM", "Li et al. 2024", "1", "4")]
    public static SharpnessAwareOptions FriendlySam(double rho = 0.05, double sigma = 1, double lambda = 0.9) =>
        new() { Rho = rho, Direction = new ResidualGradient(sigma, lambda) };
}

/// <summary>
/// Friendly-SAM's direction, the gradient minus what it shares with earlier ones: d = g, m = g in the first step; later d = g - sigma m, then
/// m = lambda m + (1 - lambda) g
/// (Li, Zhou, He, Cheng, Huang, "Friendly Sharpness-Aware Minimization", 2024; nblt/F-SAM).
/// </summary>
/// <remarks>
/// The order follows the authors' code. Their paper updates m before subtracting it, which gives the same direction at sigma = 1 and another one
/// otherwise. sigma = 0 is SAM. Where gradients never change, d is 0 (or rounding noise), and this direction is useless. The average is saved in
/// checkpoints; steps whose radius is 0 do not change it.
/// </remarks>
/// <param name="Sigma">How much of the average is subtracted, at least 0. Default 1 (the official class).</param>
/// <param name="Lambda">The decay of the average per step, from 0 to 1. Default 0.9 (the official class; its scripts use 0.6 to 0.95).</param>
internal sealed record ResidualGradient(double Sigma = 1, double Lambda = 0.9) : IDirection
{
    private const string Average = "average";

    /// <summary>How much of the average is subtracted, at least 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or not finite.</exception>
    public double Sigma { get; init => field = Check.NonNegative(value, nameof(Sigma)); } = Check.NonNegative(Sigma);

    /// <summary>The decay of the average per step, from 0 to 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of range.</exception>
    public double Lambda { get; init => field = Check.Fraction(value, nameof(Lambda)); } = Check.Fraction(Lambda);

    /// <inheritdoc/>
    public bool Remembers => true;

    /// <inheritdoc/>
    public string? Objection(SharpnessAwareOptions options, Optimizer baseOptimizer) => History.Objection(this, options);

    /// <inheritdoc/>
    public void Aim(Ascent ascent)
    {
        var memory = ascent.MemoryOf(this);
        foreach (var bucket in ascent.Buckets)
        {
            var isNew = bucket.Parameters.Select(parameter => memory.Find(Average, parameter) is null).ToArray();
            var (average, gradients) = (memory.Change(Average, bucket.Parameters, bucket.Accumulator), bucket.AtWeights);
            bucket.Direction = Array.ConvertAll(gradients, gradient => gradient.clone());
            ascent.Accumulate(bucket.Direction, average, -Sigma);
            ascent.Mix(average, Lambda, gradients, 1 - Lambda);
            ascent.Copy(average.Where((_, i) => isNew[i]).ToArray(), gradients.Where((_, i) => isNew[i]).ToArray());
        }
    }
}
