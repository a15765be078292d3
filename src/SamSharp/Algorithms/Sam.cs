namespace SamSharp;

/// <summary>
/// The published algorithms by name, each with the defaults of its paper or official code. A recipe is an ordinary
/// <see cref="SharpnessAwareOptions"/>: change it with <c>with</c>, for instance
/// <c>Recipe.Sam() with { Module = model }</c>. Optimizers may share a recipe.
/// </summary>
public static partial class Recipe
{
    /// <summary>SAM (Foret, Kleiner, Mobahi, Neyshabur, 2021).</summary>
    /// <param name="rho">The radius. Default 0.05 (davda54/sam).</param>
    [Published("SAM", "Foret et al. 2021")]
    public static SharpnessAwareOptions Sam(double rho = 0.05) => new() { Rho = rho };

    /// <summary>SAM with several ascents (Foret et al. 2021, appendix).</summary>
    /// <param name="ascents">The number of ascents, each of length rho; at least 1.</param>
    /// <param name="rho">The radius of each. Default 0.05.</param>
    [Published("n-step ascent", "Foret et al. 2021", "n")]
    public static SharpnessAwareOptions MultiStepSam(int ascents, double rho = 0.05) => new() { Rho = rho, AscentSteps = ascents };
}
