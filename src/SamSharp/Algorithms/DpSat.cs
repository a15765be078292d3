namespace SamSharp;

public static partial class Recipe
{
    /// <summary>DP-SAT (Park et al., 2023): stale-gradient SAM whose closure leaves the privatized gradient (per-example gradients clipped,
    /// noise added) for both the base optimizer and the next ascent. The closure does the clipping and adds the noise.</summary>
    /// <param name="rho">The radius. Default 0.03 (the example of the official repository).</param>
    [Published("DP-SAT", "Park et al. 2023", "0", "2")]
    public static SharpnessAwareOptions DpSat(double rho = 0.03) => new() { Rho = rho, Direction = new StaleGradient() };
}
