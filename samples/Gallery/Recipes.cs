using static TorchSharp.torch;

namespace SamSharp.Samples.Gallery;

/// <summary>Every recipe of the library, for two weights.</summary>
internal static class Recipes
{
    /// <summary>Makes a recipe with the radius of the loss.</summary>
    /// <exception cref="ArgumentException">The recipe asks for something that two weights do not have.</exception>
    public static SharpnessAwareOptions Create(RecipeInfo recipe, PlaneLoss plane, nn.Module module, Func<Tensor> loss)
    {
        var known = new Dictionary<string, object?>
        {
            ["rho"] = plane.Rho,
            ["sigma"] = plane.Rho,
            ["gamma"] = recipe.Name switch { "lpf-sgd" => plane.Rho / 10, "fisher-sam" => plane.Rho, _ => 0.7 },
            ["k"] = 3,
            ["ascents"] = 3,
            ["step"] = (long)PlaneLoss.Steps / 2,
            ["steps"] = (long)PlaneLoss.Steps,
            ["stepsPerEpoch"] = 5,
            ["epochsPerDecay"] = 20,
            ["refreshes"] = 10,
            ["refreshEvery"] = 10,
            ["keep"] = 0.5,
            ["sparsity"] = 0.5,
            ["interval"] = 10,
            ["halfWidth"] = plane.Rho,
            ["draws"] = 4,
            ["module"] = module,
            ["model"] = module,
            ["loss"] = loss,
            ["momentum"] = 0.5,
            ["dataSize"] = 1000,
            ["name"] = "softplus of the curvature",
            ["psi"] = (Func<Tensor, Tensor>)Softplus,
            ["psiSlope"] = (Func<Tensor, Tensor>)(d => d.sigmoid()),
            ["phiSlope"] = (Func<Tensor, Tensor>)(d => ones_like(d)),
            ["divergence"] = (Func<Tensor>)(() => tensor(plane.Rho, float64)),
        };
        foreach (var own in Own(recipe.Name)) known.Remove(own);
        return recipe.Create(known.Where(pair => recipe.Arguments.Contains(pair.Key)).ToDictionary());
    }

    [InDisposeScope]
    private static Tensor Softplus(Tensor curvature) => curvature.exp().log1p();

    /// <summary>Arguments that keep the recipe's own defaults although another recipe uses the name for a radius.</summary>
    private static string[] Own(string name) => name switch
    {
        "friendly-sam" => ["sigma"],
        "cr-sam" => ["gamma"],
        "tram" or "adaptive-tram" => ["rho"],
        _ => [],
    };
}
