namespace SamSharp;

public static partial class Recipe
{
    /// <summary>Stale-gradient SAM (S2-SAM, 2024; AsyncSAM, 2025): climbs along the gradient of the previous
    /// step, so that a step costs one pass.</summary>
    /// <param name="rho">The radius. Default 0.05 (jjsrf/SSAM-NEURIPS2024).</param>
    [Published("Stale-gradient SAM (S2-SAM, AsyncSAM)", "S2-SAM 2024; AsyncSAM 2025", "0", "2")]
    public static SharpnessAwareOptions StaleSam(double rho = 0.05) => new() { Rho = rho, Direction = new StaleGradient() };
}
