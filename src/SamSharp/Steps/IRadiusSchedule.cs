namespace SamSharp.Steps;

/// <summary>How far to climb in each step. A radius of 0 for every param group makes it a plain step of the base optimizer, with one pass;
/// which steps are sharpness-aware is therefore a radius schedule too.</summary>
public interface IRadiusSchedule : IRecipePart
{
    /// <summary>The radius of a param group in a step: finite and at least 0.</summary>
    /// <param name="info">Which step and group.</param>
    /// <param name="rho">The radius configured for the group.</param>
    double At(StepInfo info, double rho);

    /// <summary>The radius again, when the first pass of the step is done and its radius was not 0. Default: as it was.</summary>
    /// <param name="info">Which step and group.</param>
    /// <param name="radius">What <see cref="At"/> gave.</param>
    /// <param name="measured">What the pass has shown; reading it waits for the device.</param>
    double After(StepInfo info, double radius, FirstPass measured) => radius;
}
