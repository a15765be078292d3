namespace SamSharp;

/// <summary>What a short run with one radius came to.</summary>
/// <param name="Rho">The radius.</param>
/// <param name="Loss">The loss on the validation data after the run; not a finite number if the run has diverged.</param>
/// <param name="Sharpness">The one-step sharpness on the validation data after the run, at the search's <c>sharpnessRadius</c>: the loss at the
/// end of SAM's ascent, minus <paramref name="Loss"/>. NaN if it was not measured.</param>
/// <param name="TrainingLoss">The mean of the losses that the run's steps returned, over its second half.</param>
/// <param name="SkippedSteps">The steps that were skipped because a number was not finite.</param>
public readonly record struct RhoTrial(double Rho, double Loss, double Sharpness, double TrainingLoss, long SkippedSteps)
{
    /// <summary>What the search makes small: the validation loss, plus the sharpness if it was measured.</summary>
    public double Score => double.IsNaN(Sharpness) ? Loss : Loss + Sharpness;
}
