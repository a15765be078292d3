namespace SamSharp;

public static partial class Recipe
{
    /// <summary>RandSAM: SAM along a random direction of length rho, a control that shows whether SAM's
    /// direction matters. One pass per step.</summary>
    /// <param name="rho">The radius. Default 0.05, SAM's.</param>
    /// <param name="seed">Seed of the noise. Default 0.</param>
    [Published("RandSAM", "the code of Vani et al. 2024", "0", "2")]
    public static SharpnessAwareOptions RandSam(double rho = 0.05, long seed = 0) =>
        new() { Rho = rho, Direction = new RandomDirection(new GaussianNoise(seed)) };
}
