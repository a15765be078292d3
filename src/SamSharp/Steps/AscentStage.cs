using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>One of several consecutive ascents in a step; each starts where the previous one ended.</summary>
/// <param name="Closure">The loss that is climbed; calls <c>backward()</c> and returns the loss.</param>
/// <param name="Scale">Multiple of the step's radius: finite and positive. Default 1.</param>
public sealed record AscentStage(Func<Tensor> Closure, double Scale = 1)
{
    /// <summary>How vectors become a perturbation; null for the recipe's geometry.</summary>
    internal IGeometry? Geometry { get; init; }

    /// <summary>Whether the gradients at w are kept until the next ascent, or the step, has ended, even if no part of the recipe needs
    /// them.</summary>
    internal bool KeepsGradients { get; init; }

    /// <exception cref="ArgumentException">The list is empty, an ascent or its closure is null, or a scale is not a positive number.</exception>
    internal static void Require(IReadOnlyList<AscentStage> ascents)
    {
        ArgumentNullException.ThrowIfNull(ascents);
        if (ascents.Count == 0) throw new ArgumentException("There is no ascent; a step has at least one.", nameof(ascents));
        if (ascents.Any(ascent => ascent?.Closure is null)) throw new ArgumentException("An ascent is null, or its closure is.", nameof(ascents));
        if (ascents.FirstOrDefault(ascent => !(ascent.Scale > 0 && double.IsFinite(ascent.Scale))) is { } odd)
            throw new ArgumentException($"The scale of an ascent is {odd.Scale}; it must be a positive number.", nameof(ascents));
    }
}
