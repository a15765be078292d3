using SamSharp.Steps;

namespace SamSharp;

/// <summary>A random direction, which needs no gradient: if nothing else needs one, a step has a single pass. Each draw of a step, and each part of
/// a batch, gets another direction.</summary>
/// <param name="Noise">The random vectors.</param>
public sealed record RandomDirection(INoise Noise) : IDirection
{
    /// <inheritdoc/>
    public bool NeedsGradients(long number) => false;

    /// <inheritdoc/>
    public void Aim(Ascent ascent)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        foreach (var bucket in ascent.Buckets)
            bucket.Direction = bucket.Parameters.Select(parameter => Noise.Sample(parameter, ascent.Step, ascent.Draw)).ToArray();
    }
}
