using static TorchSharp.torch.optim;

namespace SamSharp.Steps;

/// <summary>Which parts, base optimizers and kinds of step go together.</summary>
internal static class Composition
{
    /// <exception cref="ArgumentException">The parts do not fit each other or the base optimizer.</exception>
    public static void Require(SharpnessAwareOptions options, Optimizer baseOptimizer)
    {
        RequirePart(options.Direction, nameof(options.Direction));
        RequirePart(options.Geometry, nameof(options.Geometry));
        RequirePart(options.Schedule, nameof(options.Schedule));
        RequirePart(options.Combiner, nameof(options.Combiner));
        RequirePart(options.Groups, nameof(options.Groups));
        if (options.AscentSteps > 1 && !options.Direction.NeedsGradients(1))
            throw new ArgumentException($"{options.AscentSteps} ascents along {NameOf(options.Direction)} all follow the same vector, " +
                "since it needs no gradient: use one ascent and a larger rho.");
        if (options.AscentSteps > 1 && options.Combiner.NeedsFurtherPasses)
            throw new ArgumentException($"{NameOf(options.Combiner)} evaluates the loss at multiples of one perturbation; " +
                $"{options.AscentSteps} ascents make several. Use one ascent.");
        if (options is { LossScaler: not null, SkipNonFinite: false })
            throw new ArgumentException("A scaled loss overflows now and then, and such steps must be skipped: leave SkipNonFinite on.");
        using var memory = new RecipeMemory(options);
        foreach (var part in memory.Parts)
        {
            if (part.Objection(options, baseOptimizer) is { } objection) throw new ArgumentException(objection);
        }
    }

    /// <exception cref="InvalidOperationException">The combiner acts after the base optimizer's step.</exception>
    public static void RequireNothingAfterStep(SharpnessAwareOptions options, string what)
    {
        if (options.Combiner.ActsAfterStep)
            throw new InvalidOperationException($"{what} is not available with {NameOf(options.Combiner)}, " +
                "which also moves the weights after the base optimizer's step. Use a combiner that does not.");
    }

    /// <exception cref="InvalidOperationException">A part of the recipe acts after the step or keeps a history, for which it needs one gradient of
    /// the whole batch.</exception>
    public static void RequireNoHistory(SharpnessAwareOptions options, RecipeMemory memory, string what)
    {
        RequireNothingAfterStep(options, what);
        if (memory.Keeper is { } keeper)
            throw new InvalidOperationException($"{NameOf(keeper)} keeps a history of the gradient of the whole batch, " +
                $"which {char.ToLowerInvariant(what[0])}{what[1..]} never has. Use Step(closure).");
    }

    /// <exception cref="InvalidOperationException">The combiner, or the replay of random numbers, needs a closure.</exception>
    public static void RequireTwoPhases(SharpnessAwareOptions options)
    {
        if (options.ReplayRandomness)
            throw new InvalidOperationException("ReplayRandomness cannot be on in a two-phase loop: the first pass has drawn its random numbers " +
                "before Ascend() is called, so they are not known. Call Step(closure) instead, or turn it off.");
        if (options.Combiner.NeedsFurtherPasses)
            throw new InvalidOperationException($"{NameOf(options.Combiner)} evaluates the loss at further points, for which it needs a closure: " +
                "call Step(closure) instead of Ascend() and Descend().");
    }

    private static void RequirePart(object? part, string name)
    {
        if (part is null) throw new ArgumentException($"{name} of the options is null; leave it out for the default.");
    }

    private static string NameOf(IStepPart part) => part.GetType().Name;
}
