namespace SamSharp;

public static partial class Recipe
{
    /// <summary>SAM in every k-th step, the base optimizer alone in the others (mosaicml/composer).</summary>
    /// <param name="k">The interval. Composer's default is 1.</param>
    /// <param name="rho">The radius. Default 0.05 (the same).</param>
    [Published("Interval", "mosaicml/composer", "1/k")]
    public static SharpnessAwareOptions IntervalSam(int k, double rho = 0.05) => new() { Rho = rho, Schedule = RadiusSchedule.Every(k) };
}
