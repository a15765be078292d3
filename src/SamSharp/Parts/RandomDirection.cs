using SamSharp.Steps;

namespace SamSharp;

/// <summary>A random direction, which needs no gradient: if nothing else needs one, a step has a single pass. Each draw of a step, and each part of
/// a batch, gets another direction.</summary>
/// <param name="Noise">The random vectors.</param>
public sealed record RandomDirection(INoise Noise) : IDirection
{
    /// <summary>The random vectors.</summary>
    /// <exception cref="ArgumentNullException">The value is null.</exception>
    public INoise Noise { get; init => field = Check.Given(value, nameof(Noise)); } = Check.Given(Noise);

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
