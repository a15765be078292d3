namespace SamSharp;

public static partial class Recipe
{
    /// <summary>Unnormalized SAM (Andriushchenko and Flammarion 2022): e = rho g; see <see cref="RawGeometry"/>.</summary>
    /// <param name="rho">The perturbation as a multiple of the gradient. Default 0.05; tune it, since it scales with the loss.</param>
    [Published("Unnormalized SAM", "Andriushchenko, Flammarion 2022")]
    public static SharpnessAwareOptions UnnormalizedSam(double rho = 0.05) => new() { Rho = rho, Geometry = new RawGeometry() };
}
