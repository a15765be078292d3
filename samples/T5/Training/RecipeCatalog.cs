using SamSharp.Samples.T5.Model;

namespace SamSharp.Samples.T5.Training;

/// <summary>The sharpness-aware algorithms that a run can choose: recipes whose only required setting is the radius (for RWP its
/// sigma), and a few more.</summary>
public static class RecipeCatalog
{
    private const string Rho = "rho", Seed = "seed";

    private delegate SharpnessAwareOptions Factory(double rho, TrainedModel model, TrainingOptions options);

    // The name in tables, whether the ascent needs the whole batch (because its gradient also serves as the step's), and factory.
    private static readonly Dictionary<string, (string Title, bool WholeBatch, Factory Create)> Named = new()
    {
        ["sam"] = ("SAM", false, (rho, _, _) => Recipe.Sam(rho)),
        ["asam"] = ("ASAM", false, (rho, model, _) => Recipe.Asam(model, rho)),
        ["gsam"] = ("GSAM", true, (rho, _, _) => Recipe.Gsam(rho, rhoMin: rho)),
        ["wsam"] = ("WSAM", true, (rho, _, _) => Recipe.Wsam(rho)),
        ["looksam"] = ("LookSAM", true, (rho, _, _) => Recipe.LookSam(rho: rho)),
        ["friendly-sam"] = ("Friendly-SAM", true, (rho, _, _) => Recipe.FriendlySam(rho)),
        ["vasso"] = ("VaSSO", true, (rho, _, _) => Recipe.Vasso(rho)),
        ["stable-sam"] = ("StableSAM", true, (rho, _, _) => Recipe.StableSam(rho)),
        ["cr-sam"] = ("CR-SAM", true, (rho, _, _) => Recipe.CrSam(rho)),
        ["fsam"] = ("FSAM", false, (rho, _, _) => Recipe.FisherMaskSam(rho)),
        ["sam-on"] = ("SAM-ON", false, (rho, model, _) => Recipe.SamOn(model, rho)),
        ["layerwise-sam"] = ("Layerwise SAM", false, (rho, _, _) => Recipe.LayerwiseSam(rho)),
        ["stale-sam"] = ("Stale SAM", true, (rho, _, _) => Recipe.StaleSam(rho)),
        ["momentum-sam"] = ("MSAM", true, (rho, _, _) => Recipe.MomentumSam(rho)),
        ["interval-sam"] = ("SAM every 2nd step", false, (rho, _, _) => Recipe.IntervalSam(k: 2, rho)),
        ["late-sam"] = ("Late-phase SAM", false, (rho, _, options) => Recipe.LatePhaseSam(options.Steps / 2, rho)),
        ["rand-sam"] = ("RandSAM", true, (rho, _, options) => Recipe.RandSam(rho, options.Seed)),
        ["rwp"] = ("RWP", true, (sigma, _, options) => Recipe.Rwp(sigma, options.Seed)),
    };

    // Listed above under shorter names, or not available because they need closures that a run does not have.
    private static readonly HashSet<string> UnderOtherNames = ["fisher-mask-sam", "look-sam", "dp-sat", "sparse-sam"];

    private static readonly Dictionary<string, (string Title, bool WholeBatch, Factory Create)> Known = new(Named.Concat(
        Recipe.All.Where(recipe => recipe.HasDefaults && recipe.Arguments.Contains(Rho) && !UnderOtherNames.Contains(recipe.Name))
            .Where(recipe => !Named.ContainsKey(recipe.Name)).Select(recipe => KeyValuePair.Create(recipe.Name, EntryOf(recipe)))));

    public static IReadOnlyList<string> Names { get; } = [.. Known.Keys];

    /// <summary>The algorithm's name as its authors write it.</summary>
    public static string Title(string name) => Find(name).Title;

    /// <summary>Whether the ascent closure must compute the gradient of the whole batch.</summary>
    public static bool NeedsWholeBatch(string name) => Find(name).WholeBatch;

    /// <summary>The base optimizer alone.</summary>
    public static SharpnessAwareOptions Plain { get; } = new() { Rho = 0 };

    /// <summary>The recipe of a run, for this model.</summary>
    public static SharpnessAwareOptions Create(TrainingOptions options, TrainedModel model)
    {
        var recipe = Find(options.Recipe).Create(options.Rho, model, options) with
        {
            Module = model,
            ReplayRandomness = options.ReplayRandomness,
            ReplaySeed = options.Seed,
        };
        return options.Perturb == TrainingOptions.Body && model.FreshHead is { } head ? recipe.Except(head) : recipe;
    }

    /// <exception cref="ArgumentException">There is no such recipe.</exception>
    public static void RequireKnown(string name) => Find(name);

    /// <summary>The recipe's own objections and its parts'.</summary>
    private static (string Title, bool WholeBatch, Factory Create) EntryOf(RecipeInfo recipe)
    {
        SharpnessAwareOptions Create(double rho, long seed) => recipe.Create(recipe.Arguments.Contains(Seed)
            ? new Dictionary<string, object?> { [Rho] = rho, [Seed] = seed }
            : new Dictionary<string, object?> { [Rho] = rho });
        var (direction, combiner) = (Create(1, 0).Direction, Create(1, 0).Combiner);
        var needsWholeBatch = direction.Remembers || !direction.NeedsGradients(1) || combiner.NeedsAscentGradients || combiner.NeedsFurtherPasses;
        return (recipe.Title, needsWholeBatch, (rho, _, options) => Create(rho, options.Seed));
    }

    private static (string Title, bool WholeBatch, Factory Create) Find(string name)
        => Known.TryGetValue(name, out var found)
            ? found
            : throw new ArgumentException($"Unknown recipe '{name}'. Known: {string.Join(", ", Known.Keys)}.");
}
