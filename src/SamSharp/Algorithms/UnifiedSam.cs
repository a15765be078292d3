namespace SamSharp;

public static partial class Recipe
{
    /// <summary>Unified SAM (Oikonomou, Loizou, "Sharpness-Aware Minimization: General Analysis and Improved Rates", 2025;
    /// dimitris-oik/sam_sps): e = rho (1 - lambda + lambda / |g|) g.</summary>
    /// <param name="rho">The radius. Default 0.05, SAM's.</param>
    /// <param name="lambda">From 0, unnormalized SAM, to 1, SAM. Default 0.5.</param>
    [Published("Unified SAM", "Oikonomou, Loizou 2025", "1", "2")]
    public static SharpnessAwareOptions UnifiedSam(double rho = 0.05, double lambda = 0.5) =>
        new() { Rho = rho, Geometry = new MixedNormGeometry(lambda) };
}
