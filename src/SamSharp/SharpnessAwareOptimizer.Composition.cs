using System.Runtime.CompilerServices;
using SamSharp.Steps;

namespace SamSharp;

/// <content>Which parts go together, and who owns them.</content>
public partial class SharpnessAwareOptimizer
{
    /// <summary>The optimizer that each part with state belongs to.</summary>
    private static readonly ConditionalWeakTable<IRecipePart, SharpnessAwareOptimizer> Owners = [];

    /// <summary>The parts of the recipe, in the order of their state in a checkpoint.</summary>
    internal IReadOnlyList<IRecipePart> Parts => [_options.Direction, _options.Geometry, _options.Radius, _options.Combiner];

    private bool _keepsState;

    private void RequireComposition()
    {
        if (_options.AscentSteps > 1 && !_options.Direction.NeedsGradients(1))
            throw new ArgumentException($"{_options.AscentSteps} ascents along {_options.Direction.GetType().Name} all follow the same vector, since it needs no gradient: use one ascent and a larger rho.");
        if (_options.AscentSteps > 1 && _options.Combiner.NeedsFurtherPasses)
            throw new ArgumentException($"{_options.Combiner.GetType().Name} evaluates the loss at multiples of one perturbation; {_options.AscentSteps} ascents make several. Use one ascent.");
        foreach (var part in Parts)
        {
            if (part.Objection(_options, BaseOptimizer) is { } objection) throw new ArgumentException(objection);
            if (PartStateCollector.Of(part).Count == 0) continue;
            if (Owners.TryGetValue(part, out _))
                throw new ArgumentException($"This {part.GetType().Name} keeps the state of another optimizer. Make the recipe anew for each optimizer.");
        }
        foreach (var part in Parts.Where(part => PartStateCollector.Of(part).Count > 0))
        {
            Owners.Add(part, this);
            _keepsState = true;
        }
    }

    private void ReleaseParts()
    {
        foreach (var part in Parts)
        {
            if (!Owners.TryGetValue(part, out var owner) || !ReferenceEquals(owner, this)) continue;
            Owners.Remove(part);
            (part as IDisposable)?.Dispose();
        }
    }

    private static void RequireStages(IReadOnlyList<AscentStage> ascents)
    {
        ArgumentNullException.ThrowIfNull(ascents);
        if (ascents.Count == 0) throw new ArgumentException("There is no ascent; a step has at least one.", nameof(ascents));
        if (ascents.FirstOrDefault(ascent => !(ascent.Scale > 0 && double.IsFinite(ascent.Scale))) is { } odd)
            throw new ArgumentException($"The scale of an ascent is {odd.Scale}; it must be a positive number.", nameof(ascents));
    }

    private void RequireNothingAfterStep(string what)
    {
        if (_options.Combiner.ActsAfterStep)
            throw new InvalidOperationException($"{what} cannot be had from {_options.Combiner.GetType().Name}, which also moves the weights after the base optimizer's step. Use a combiner that does not.");
    }

    /// <summary>A history of gradients has one entry per step, of the whole batch.</summary>
    private void RequirePartsPossible()
    {
        RequireNothingAfterStep("A step over the parts of a batch");
        if (Parts.FirstOrDefault(part => PartStateCollector.Of(part).Count > 0) is { } part)
            throw new InvalidOperationException($"{part.GetType().Name} keeps a history from step to step, of the gradient of the whole batch, which a step over the parts of a batch never has. Use Step(closure).");
    }
}
