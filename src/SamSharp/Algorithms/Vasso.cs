using SamSharp.Steps;
using static TorchSharp.torch.optim;

namespace SamSharp;

public static partial class Recipe
{
    /// <summary>VaSSO (Li, Giannakis, 2023): climbs along a moving average of the gradients.</summary>
    /// <param name="rho">The radius. Default 0.05 (the official class; its script uses 0.2).</param>
    /// <param name="theta">The newest gradient's share. Default 0.9 (the official class).</param>
    [Published("VaSSO", "Li, Giannakis 2023", "1", "3")]
    public static SharpnessAwareOptions Vasso(double rho = 0.05, double theta = 0.9) =>
        new() { Rho = rho, Direction = new AveragedGradient(theta), Geometry = new EuclideanGeometry(1e-7) };
}

/// <summary>
/// VaSSO's direction, a moving average of the gradients at w, which suppresses the variance of single batches: d = g in the first step, later
/// d = (1 - theta) d + theta g
/// (Li, Giannakis, "Enhancing Sharpness-Aware Optimization Through Variance Suppression", 2023; BingcongLi/VaSSO).
/// </summary>
/// <remarks>theta = 1 is SAM. The average is saved in checkpoints; steps whose radius is 0 do not change it.</remarks>
/// <param name="Theta">The newest gradient's share, above 0 and at most 1. Default 0.9 (the official class).</param>
public sealed record AveragedGradient(double Theta = 0.9) : IDirection
{
    private const string Average = "average";

    /// <summary>The newest gradient's share, above 0 and at most 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of range.</exception>
    public double Theta { get; init => field = Checked(value); } = Checked(Theta);

    /// <inheritdoc/>
    public bool Remembers => true;

    /// <inheritdoc/>
    public string? Objection(SharpnessAwareOptions options, Optimizer baseOptimizer)
    {
        ArgumentNullException.ThrowIfNull(options);
        return History.Objection(this, options);
    }

    /// <inheritdoc/>
    public void Aim(Ascent ascent)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        foreach (var bucket in ascent.Buckets)
        {
            // The average of a gradient with itself is the gradient, so a parameter's first gradient needs no special case.
            var average = ascent.MemoryOf(this).Change(Average, bucket.Parameters,
                parameter => parameter.Gradient!.to(bucket.Accumulator, copy: true));
            ascent.Mix(average, 1 - Theta, bucket.AtWeights, Theta);
            bucket.Direction = bucket.InWeightsType(average);
        }
    }

    private static double Checked(double theta) => Check.PositiveFraction(theta, nameof(Theta));
}
