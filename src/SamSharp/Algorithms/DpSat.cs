namespace SamSharp;

public static partial class Recipe
{
    /// <summary>DP-SAT (Park et al., 2023): stale-gradient SAM whose closure leaves the privatized gradient, per-example gradients clipped and with noise added, which both
    /// the base optimizer and the next ascent get. Clipping and noise are the closure's task.</summary>
    /// <param name="rho">The radius. Default 0.03 (the example of the official repository).</param>
    public static SharpnessAwareOptions DpSat(double rho = 0.03) => new() { Rho = rho, Direction = new StaleGradient() };
}
