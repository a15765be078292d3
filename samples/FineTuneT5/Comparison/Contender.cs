using System.Globalization;
using System.Text.RegularExpressions;
using SamSharp.Samples.T5.Training;

namespace SamSharp.Samples.FineTuneT5.Comparison;

/// <summary>
/// One of those that are compared: <c>base</c>, <c>base*1.25</c>, <c>sam</c>, <c>sam/4</c>, <c>looksam</c>, or <c>sam:body</c>, which leaves a
/// fresh head out.
/// </summary>
/// <param name="Name">As the command line has it.</param>
/// <param name="Recipe">The sharpness-aware algorithm; null for the base optimizer alone.</param>
/// <param name="AscentFraction">The part of a batch that the ascent looks at: after the slash, a quarter for <c>/4</c>.</param>
/// <param name="Effort">How many times the steps of the others it makes: after the asterisk.</param>
public sealed partial record Contender(string Name, string? Recipe, double AscentFraction, double Effort)
{
    private const string BaseName = "base";

    /// <summary>What is perturbed, of <see cref="TrainingOptions.Perturb"/>: after the colon; null leaves it to the comparison.</summary>
    public string? Perturb { get; init; }

    /// <summary>The base optimizer alone, which all are compared with.</summary>
    public static Contender Base { get; } = new(BaseName, null, 1, 1);

    /// <summary>Whether it is tuned by its radius: all but the base.</summary>
    public bool IsSharpnessAware => Recipe is not null;

    /// <summary>What tables call it.</summary>
    public string Title => string.Concat(
        Recipe is null ? BaseName : RecipeCatalog.Title(Recipe),
        Perturb is null ? "" : ", head left out",
        AscentFraction < 1 ? $", 1/{Math.Round(1 / AscentFraction)} ascent" : "",
        Effort == 1 ? "" : $", {(Effort - 1).ToString("+0%;-0%", CultureInfo.InvariantCulture)} steps");

    /// <exception cref="ArgumentException">It is not of that form, or names no recipe.</exception>
    public static Contender Parse(string name)
    {
        var match = Form().Match(name);
        if (!match.Success)
            throw new ArgumentException($"--algorithms has '{name}': give base, a recipe, a recipe with a part of the batch for the ascent " +
                "(sam/4), a recipe that leaves a fresh head out (sam:body), or any with more steps (base*1.25).");
        var recipe = match.Groups["recipe"].Value;
        var part = match.Groups["part"] is { Success: true } fraction ? 1.0 / int.Parse(fraction.Value, CultureInfo.InvariantCulture) : 1;
        var effort = match.Groups["effort"] is { Success: true } factor ? double.Parse(factor.Value, CultureInfo.InvariantCulture) : 1;
        if (recipe == BaseName)
            return part == 1 && !match.Groups["perturb"].Success
                ? new(name, null, 1, effort)
                : throw new ArgumentException($"--algorithms has '{name}': the base optimizer makes no ascent.");
        RecipeCatalog.RequireKnown(recipe);
        if (part < 1 && RecipeCatalog.NeedsWholeBatch(recipe))
            throw new ArgumentException($"--algorithms has '{name}': {RecipeCatalog.Title(recipe)} uses the gradient at w of the whole batch, so " +
                "its ascent cannot be on a part.");
        return new(name, recipe, part, effort) { Perturb = match.Groups["perturb"].Success ? TrainingOptions.Body : null };
    }

    /// <summary>The options of a run by this contender.</summary>
    public TrainingOptions Apply(TrainingOptions options) =>
        options with
        {
            Recipe = Recipe ?? options.Recipe,
            Rho = Recipe is null ? 0 : options.Rho,
            AscentFraction = AscentFraction,
            Perturb = Perturb ?? options.Perturb,
        };

    /// <summary>Its steps where the others make so many.</summary>
    public int Steps(int steps) => (int)Math.Round(steps * Effort);

    [GeneratedRegex(@"^(?<recipe>[a-z-]+)(?<perturb>:body)?(/(?<part>[1-9]\d*))?(\*(?<effort>\d+(\.\d+)?))?$")]
    private static partial Regex Form();
}
