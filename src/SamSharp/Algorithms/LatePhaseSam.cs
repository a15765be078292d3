namespace SamSharp;

public static partial class Recipe
{
    /// <summary>Late-phase SAM (Zhou et al., 2025): the base optimizer alone until the given step.</summary>
    /// <param name="step">The first sharpness-aware step, from 1; the authors' example is epoch 175 of 200.</param>
    /// <param name="rho">The radius. Default 0.05, SAM's.</param>
    [Published("Late phase", "Zhou et al. 2025", "late only")]
    public static SharpnessAwareOptions LatePhaseSam(long step, double rho = 0.05) => new() { Rho = rho, Schedule = RadiusSchedule.StartingAt(step) };
}
