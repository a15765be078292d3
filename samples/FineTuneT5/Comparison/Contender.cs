using System.Globalization;
using System.Text.RegularExpressions;
using SamSharp.Samples.T5.Training;

namespace SamSharp.Samples.FineTuneT5.Comparison;

/// <summary>
/// One side of a comparison: <c>base</c>, <c>base*1.25</c>, <c>sam</c>, <c>sam/4</c>, <c>looksam</c>, <c>sam:body</c>, which leaves a
/// fresh head out, <c>sam:m4</c>, which perturbs for each 4 rows of a batch (m-SAM; its dropout masks are not the base's),
/// <c>sam:averaged</c>, which averages the last weights (WASAM; <c>base:averaged</c> is SWA), or the base optimizer with another remedy
/// against overfitting: <c>label-smoothing</c>, <c>loss-ceiling</c>, <c>tuned-steps</c>.
/// </summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Recipe">The sharpness-aware algorithm; null for the base optimizer alone.</param>
/// <param name="AscentFraction">The share of a batch for the ascent, from the number after the slash: a quarter for <c>/4</c>.</param>
/// <param name="Effort">Multiple of the other contenders' steps, the number after the asterisk.</param>
public sealed partial record Contender(string Name, string? Recipe, double AscentFraction, double Effort)
{
    private const string BaseName = "base", Smoothing = "label-smoothing", Ceiling = "loss-ceiling", TunedSteps = "tuned-steps";

    private const double AveragedFrom = 0.75;

    private static readonly Dictionary<string, string> Remedies = new()
    {
        [Smoothing] = "base, labels smoothed",
        [Ceiling] = "base, loss of a row limited",
        [TunedSteps] = "base, steps tuned",
    };

    /// <summary>What is perturbed, of <see cref="TrainingOptions.Perturb"/>: after the colon; null leaves it to the comparison.</summary>
    public string? Perturb { get; init; }

    /// <summary>Rows that share a perturbation, after <c>:m</c>; null: the whole batch.</summary>
    public int? AscentRows { get; init; }

    /// <summary>Whether the weights of the last quarter of the steps are averaged, as Kaddour et al. (2022) do.</summary>
    public bool IsAveraged { get; init; }

    /// <summary>The base optimizer alone, with which all others are compared.</summary>
    public static Contender Base { get; } = new(BaseName, null, 1, 1);

    /// <summary>What the base optimizer does instead of sharpness-aware steps, one of the remedies; null: nothing.</summary>
    public string? Remedy { get; init; }

    /// <summary>Whether it perturbs the weights, with a radius.</summary>
    public bool IsSharpnessAware => Recipe is not null;

    /// <summary>By which name its strength is tuned: the recipe's radius, or the remedy's smoothing, ceiling or share of the steps.</summary>
    public string? Tuned => Recipe ?? Remedy;

    /// <summary>Its name in tables.</summary>
    public string Title => string.Concat(
        Recipe is not null ? RecipeCatalog.Title(Recipe) : Remedy is not null ? Remedies[Remedy] : BaseName,
        Perturb is null ? "" : ", head left out",
        AscentFraction < 1 ? $", 1/{Math.Round(1 / AscentFraction)} ascent" : "",
        AscentRows is { } rows ? $", m = {rows}" : "",
        IsAveraged ? ", weights averaged" : "",
        Effort == 1 ? "" : $", {(Effort - 1).ToString("+0%;-0%", CultureInfo.InvariantCulture)} steps");

    /// <exception cref="ArgumentException">The name has another form, or an unknown recipe.</exception>
    public static Contender Parse(string name)
    {
        var match = Form().Match(name);
        if (!match.Success)
            throw new ArgumentException($"--algorithms has '{name}': give base, a recipe, a recipe with a part of the batch for the ascent " +
                "(sam/4), a recipe that leaves a fresh head out (sam:body) or perturbs for each 4 rows (sam:m4), any with the last weights " +
                $"averaged (sam:averaged) or with more steps (base*1.25), or one of {string.Join(", ", Remedies.Keys)}.");
        var recipe = match.Groups["recipe"].Value;
        var part = match.Groups["part"] is { Success: true } fraction ? 1.0 / int.Parse(fraction.Value, CultureInfo.InvariantCulture) : 1;
        var effort = match.Groups["effort"] is { Success: true } factor ? double.Parse(factor.Value, CultureInfo.InvariantCulture) : 1;
        int? rows = match.Groups["rows"] is { Success: true } number ? int.Parse(number.Value, CultureInfo.InvariantCulture) : null;
        var averaged = match.Groups["average"].Success;
        var remedy = Remedies.ContainsKey(recipe) ? recipe : null;
        if (recipe == BaseName || remedy is not null)
            return part == 1 && rows is null && !match.Groups["perturb"].Success
                ? new(name, null, 1, effort) { Remedy = remedy, IsAveraged = averaged }
                : throw new ArgumentException($"--algorithms has '{name}': the base optimizer has no ascent.");
        RecipeCatalog.RequireKnown(recipe);
        if (part < 1 && RecipeCatalog.NeedsWholeBatch(recipe))
            throw new ArgumentException($"--algorithms has '{name}': {RecipeCatalog.Title(recipe)} needs the gradient at w of the whole batch, so " +
            "its ascent cannot use a part.");
        if (rows is not null && (part < 1 || RecipeCatalog.NeedsWholeBatch(recipe)))
            throw new ArgumentException($"--algorithms has '{name}': each {rows} rows have an ascent, which can be neither on a part of the " +
                "batch nor that of a recipe that needs the gradient of the whole batch.");
        return new(name, recipe, part, effort)
        {
            Perturb = match.Groups["perturb"].Success ? TrainingOptions.Body : null,
            AscentRows = rows,
            IsAveraged = averaged,
        };
    }

    /// <summary>The options of this contender's runs.</summary>
    public TrainingOptions Apply(TrainingOptions options) =>
        options with
        {
            Recipe = Recipe ?? options.Recipe,
            Rho = Recipe is null ? 0 : options.Rho,
            AscentFraction = AscentFraction,
            AscentRows = AscentRows,
            AverageFrom = IsAveraged ? AveragedFrom : options.AverageFrom,
            Perturb = Perturb ?? options.Perturb,
            LabelSmoothing = Remedy == Smoothing ? options.Rho : options.LabelSmoothing,
            LossCeiling = Remedy == Ceiling ? options.Rho : options.LossCeiling,
        };

    /// <summary>Its number of steps if the others make this many.</summary>
    /// <param name="strength">The remedy's strength.</param>
    public int Steps(int steps, double strength = 1) =>
        Math.Max(1, (int)Math.Round(steps * Effort * (Remedy == TunedSteps ? strength : 1)));

    [GeneratedRegex(@"^(?<recipe>[a-z-]+)(?<perturb>:body)?(:m(?<rows>[1-9]\d{0,4}))?(?<average>:averaged)?" +
        @"(/(?<part>[1-9]\d*))?(\*(?<effort>\d+(\.\d+)?))?$")]
    private static partial Regex Form();
}
