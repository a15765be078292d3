using SamSharp.Samples.FineTuneT5.Setup;
using SamSharp.Samples.T5.Training;

namespace SamSharp.Samples.FineTuneT5.Comparison;

/// <summary>The settings of a comparison.</summary>
public sealed record CompareRequest
{
    public required RunRequest Run { get; init; }

    /// <summary>Each <c>name=folder</c>, or the bundled task's name.</summary>
    public required IReadOnlyList<string> Tasks { get; init; }

    /// <summary>Numbers of training rows, with the steps for each.</summary>
    public required IReadOnlyList<TrainingSize> Sizes { get; init; }

    public required IReadOnlyList<int> Seeds { get; init; }

    /// <summary>Base optimizers with the learning rates to choose from; a single rate needs no tuning.</summary>
    public required IReadOnlyList<KeyValuePair<string, double[]>> Optimizers { get; init; }

    /// <summary>The contenders, which are compared with the base optimizer.</summary>
    public required IReadOnlyList<Contender> Contenders { get; init; }

    /// <summary>The radii to choose from, by recipe; a single radius needs no tuning.</summary>
    public required IReadOnlyDictionary<string, double[]> Radii { get; init; }

    /// <summary>Seeds of the tuning runs.</summary>
    public IReadOnlyList<int> TuningSeeds { get; init; } = [101];

    /// <summary>The share of the training labels that is replaced by wrong ones.</summary>
    public double LabelNoise { get; init; }

    public int ValidationRows { get; init; } = 500;

    public int TestRows { get; init; } = 1000;

    /// <summary>The radius at which sharpness is measured for all runs.</summary>
    public double SharpnessRho { get; init; } = 0.05;

    /// <summary>What is said before the first run; null: only what the runs are.</summary>
    public string? Opening { get; init; }

    /// <summary>Settings that all runs share.</summary>
    public required TrainingOptions Training { get; init; }

    /// <summary>The size used for tuning: the middle one.</summary>
    public TrainingSize TuningSize => Sizes[Sizes.Count / 2];

    /// <summary>The contender whose solution is connected with the base's by a slice: the first sharpness-aware one.</summary>
    public Contender? Sliced => Contenders.FirstOrDefault(contender => contender.IsSharpnessAware);

    /// <summary>Other tasks whose test rows a task's models are measured on too, each <c>task:other=folder</c>.</summary>
    public IReadOnlyList<string> Transfers { get; init; } = [];

    /// <summary>The share of the test rows' longer words that is misspelled for a further measurement; 0: none.</summary>
    public double TypingErrors { get; init; }

    /// <summary>The radii, or strengths of a remedy, to try for a contender.</summary>
    /// <exception cref="ArgumentException">Its recipe has none.</exception>
    public double[] RadiiOf(Contender contender) => Radii.TryGetValue(contender.Tuned!, out var radii)
        ? radii
        : throw new ArgumentException($"--rhos has nothing for {contender.Tuned}: add for instance --rhos {contender.Tuned}=0.05,0.2,0.5.");

    /// <exception cref="ArgumentException">A value is out of its range; the message names it.</exception>
    public void Validate()
    {
        Training.Validate();
        foreach (var (optimizer, rates) in Optimizers)
        {
            OptimizerCatalog.RequireKnown(optimizer);
            Require(rates.All(rate => rate > 0 && double.IsFinite(rate)), $"--learning-rates of {optimizer} must be positive numbers.");
        }
        foreach (var (recipe, radii) in Radii)
            Require(radii.All(rho => rho > 0 && double.IsFinite(rho)), $"--rhos of {recipe} must be positive numbers.");
        Require(Contenders.Count > 0, "--algorithms is empty: name what to compare with the base optimizer, for instance sam/4.");
        Require(Contenders.All(contender => contender != Contender.Base),
            "--algorithms has 'base', which is always included. With more steps it is base*1.25.");
        foreach (var contender in Contenders.Where(contender => contender.Tuned is not null))
        {
            foreach (var strength in RadiiOf(contender))
                contender.Apply(Training with { Rho = strength }).Validate();
        }
        Require(TypingErrors is >= 0 and <= 1, $"--typing-errors is {TypingErrors}: it must be from 0 to 1, for instance 0.2.");
        Require(Sizes.All(size => size.Rows.Number is null or >= 1), "--rows must be numbers of at least 1, or all.");
        Require(Sizes.All(size => size.Steps >= 1), "--steps must be at least 1.");
        Require(LabelNoise is >= 0 and < 1, $"--label-noise is {LabelNoise}: it must be in [0, 1), for instance 0.2.");
        Require(ValidationRows >= 1, $"--validation-rows is {ValidationRows}: it must be at least 1.");
        Require(TestRows >= 1, $"--test-rows is {TestRows}: it must be at least 1.");
        Require(SharpnessRho > 0 && double.IsFinite(SharpnessRho), $"--sharpness-rho is {SharpnessRho}: it must be a positive number.");
        RequireOnce("--tasks", Tasks.Select(named => named.Split('=')[0]));
        RequireOnce("--rows", Sizes.Select(size => $"{size.Rows}"));
        RequireOnce("--seeds", Seeds.Select(seed => $"{seed}"));
        RequireOnce("--tuning-seeds", TuningSeeds.Select(seed => $"{seed}"));
        RequireOnce("--algorithms", Contenders.Select(contender => contender.Name));
    }

    /// <exception cref="ArgumentException">A value comes twice.</exception>
    internal static void RequireOnce(string option, IEnumerable<string> values)
    {
        if (values.GroupBy(value => value).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new ArgumentException($"{option} names {twice.Key} twice.");
    }

    private static void Require(bool condition, string message)
    {
        if (!condition)
            throw new ArgumentException(message);
    }
}
