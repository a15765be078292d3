namespace SamSharp.Steps;

/// <summary>How far to climb in each step. A radius of 0 for every param group makes it a plain step of the base optimizer, with one pass,
/// so a radius schedule also decides which steps are sharpness-aware.</summary>
public interface IRadiusSchedule : IStepPart
{
    /// <summary>The radius of a param group in a step: finite and at least 0.</summary>
    /// <param name="info">Which step and group.</param>
    /// <param name="rho">The radius configured for the group.</param>
    double At(StepInfo info, double rho);

    /// <summary>A second chance to set the radius, after the first pass; called only if <see cref="At"/>
    /// returned more than 0. Default: unchanged.</summary>
    /// <param name="first">What the pass has shown; reading it waits for the device.</param>
    /// <param name="info">Which step and group.</param>
    /// <param name="radius">What <see cref="At"/> returned.</param>
    double After(FirstPassReport first, StepInfo info, double radius) => radius;
}
