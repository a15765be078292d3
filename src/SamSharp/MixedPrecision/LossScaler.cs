namespace SamSharp;

/// <summary>
/// How the loss is scaled before <c>backward()</c>, so that gradients computed in float16 do not vanish. The scale shrinks when a gradient
/// overflows, whose step is left out, and grows after a run of steps without one, as torch.amp.GradScaler's does; so do the defaults. It is a
/// setting: the optimizer keeps the scale itself, and saves it in checkpoints.
/// </summary>
/// <remarks>Set it as <see cref="SharpnessAwareOptions.LossScaler"/>, and call <see cref="OptimizerExtensions.Backward"/> where a closure
/// would call <c>loss.backward()</c>. All passes of a step use one scale. The optimizer divides it out of the gradients when it reads them,
/// before anything else sees them: geometry, clipping, combiner, base optimizer and <see cref="StepReport"/> have the true numbers. Nothing of
/// this waits for the device.</remarks>
/// <param name="InitialScale">The first scale, above 0. Default 65536.</param>
/// <param name="GrowthFactor">What the scale is multiplied by when it grows, above 1. Default 2.</param>
/// <param name="BackoffFactor">What the scale is multiplied by after an overflow, in (0, 1). Default 0.5.</param>
/// <param name="GrowthInterval">The number of steps in a row without an overflow after which the scale grows, at least 1. Default 2000.</param>
public sealed record LossScaler(double InitialScale = 65536, double GrowthFactor = 2, double BackoffFactor = 0.5, int GrowthInterval = 2000)
{
    /// <summary>The first scale, above 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not a positive number.</exception>
    public double InitialScale { get; init => field = Check.Positive(value, nameof(InitialScale)); } =
        Check.Positive(InitialScale, nameof(InitialScale));

    /// <summary>What the scale is multiplied by when it grows, above 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not above 1.</exception>
    public double GrowthFactor { get; init => field = Check.AboveOne(value, nameof(GrowthFactor)); } =
        Check.AboveOne(GrowthFactor, nameof(GrowthFactor));

    /// <summary>What the scale is multiplied by after an overflow, in (0, 1).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not between 0 and 1.</exception>
    public double BackoffFactor { get; init => field = Check.BelowOne(value, nameof(BackoffFactor)); } =
        Check.BelowOne(BackoffFactor, nameof(BackoffFactor));

    /// <summary>The number of steps in a row without an overflow after which the scale grows, at least 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public int GrowthInterval { get; init => field = Check.Positive(value, nameof(GrowthInterval)); } =
        Check.Positive(GrowthInterval, nameof(GrowthInterval));
}
