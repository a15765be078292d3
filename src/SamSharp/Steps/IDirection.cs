namespace SamSharp.Steps;

/// <summary>The vector that the ascent follows.</summary>
[InDisposeScope]
public interface IDirection : IStepPart
{
    /// <summary>Whether the ascent of a step needs the gradient at w, which costs a pass. If not, and nothing else needs that gradient,
    /// the step has a single pass. Default: true.</summary>
    /// <param name="number">The number of the step, from 1.</param>
    bool NeedsGradients(long number) => true;

    /// <summary>Sets <see cref="ParameterBucket.Direction"/> of every bucket. It starts out as the gradients at w; without a first pass it must be
    /// set, for every parameter of the bucket.</summary>
    void Aim(Ascent ascent);

    /// <summary>Sees the gradients at w + e before they are combined; for directions that follow the past. Default: nothing.</summary>
    void Observe(Descent descent)
    {
    }
}
