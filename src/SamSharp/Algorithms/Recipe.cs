namespace SamSharp;

/// <summary>
/// The published algorithms by name, each with the defaults of its paper or official code. A recipe is an ordinary
/// <see cref="SharpnessAwareOptions"/>: change what you like with <c>with</c>, for instance <c>Recipe.Sam() with { Module = model }</c>. Make one for each optimizer.
/// </summary>
public static partial class Recipe
{
    /// <summary>SAM (Foret, Kleiner, Mobahi, Neyshabur, 2021).</summary>
    /// <param name="rho">The radius. Default 0.05 (davda54/sam).</param>
    public static SharpnessAwareOptions Sam(double rho = 0.05) => new() { Rho = rho };
}
