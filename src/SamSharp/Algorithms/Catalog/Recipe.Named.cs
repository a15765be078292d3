using System.Reflection;

namespace SamSharp;

public static partial class Recipe
{
    /// <summary>All recipes, by name.</summary>
    public static IReadOnlyList<RecipeInfo> All { get; } =
    [
        .. typeof(Recipe).GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly)
            .Where(method => method.ReturnType == typeof(SharpnessAwareOptions) && method.Name != nameof(Named))
            .Select(method => new RecipeInfo(method)).OrderBy(recipe => recipe.Name, StringComparer.Ordinal),
    ];

    /// <summary>Makes a recipe by its name: <c>Recipe.Named("gsam")</c>, <c>Recipe.Named("vasso", new() { ["rho"] = 0.2 })</c>.</summary>
    /// <param name="name">A name of <see cref="All"/>; capitals do not matter.</param>
    /// <param name="arguments">Values by the names of the method's parameters; the others keep their defaults.</param>
    /// <exception cref="ArgumentException">There is no such recipe, or an argument is unknown, missing, or of the wrong type.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of range.</exception>
    public static SharpnessAwareOptions Named(string name, Dictionary<string, object?>? arguments = null)
    {
        ArgumentNullException.ThrowIfNull(name);
        var recipe = All.FirstOrDefault(recipe => string.Equals(recipe.Name, name, StringComparison.OrdinalIgnoreCase))
            ?? throw new ArgumentException($"There is no recipe '{name}'. The names are: {string.Join(", ", All.Select(one => one.Name))}.",
                nameof(name));
        return recipe.Create(arguments);
    }
}
