using SamSharp.Steps;

namespace SamSharp;

/// <summary>A random direction, which needs no gradient: with nothing else that does, a step has one pass alone. Each draw of a step, and each part of a batch, has another.</summary>
/// <param name="noise">The random vectors.</param>
public sealed class RandomDirection(INoise noise) : IDirection
{
    /// <inheritdoc/>
    public bool NeedsGradients(long number) => false;

    /// <inheritdoc/>
    public void Aim(Ascent ascent)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        foreach (var list in ascent.Lists) list.Direction = list.Slots.Select(slot => noise.Sample(slot, ascent.Step, ascent.Draw)).ToArray();
    }
}
