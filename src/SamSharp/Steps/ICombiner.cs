namespace SamSharp.Steps;

/// <summary>Makes the base optimizer's gradient from the gradients at w and at w + e.</summary>
[InDisposeScope]
public interface ICombiner : IStepPart
{
    /// <summary>Whether the gradients at w are kept until the second pass is done, at the cost of one
    /// copy of them in memory. Default: false.</summary>
    bool NeedsAscentGradients => false;

    /// <summary>Whether the combiner evaluates the closure at further points, which only a step with a closure can do. The gradients at w are then
    /// kept too if the direction needs them. Default: false.</summary>
    bool NeedsFurtherPasses => false;

    /// <summary>Whether <see cref="AfterStep"/> does something. Default: false.</summary>
    bool ActsAfterStep => false;

    /// <summary>Whether <see cref="Combine"/> does nothing, so that the gradients need not be read again. Default: false.</summary>
    bool LeavesGradients => false;

    /// <summary>Sees the gradients at w + e while the weights are still there. Default: nothing.</summary>
    void Inspect(Descent descent)
    {
    }

    /// <summary>Called once the weights are restored. Turns <see cref="ParameterBucket.AtPerturbed"/>, which the parameters hold as their gradients,
    /// into the final gradients in place, or hands over others with <see cref="Descent.HandOver"/>.</summary>
    /// <param name="descent">All parameters with a gradient; <see cref="Descent.Pairs"/> has those with both.</param>
    void Combine(Descent descent);

    /// <summary>Called in a step whose radius is 0: may change <see cref="ParameterBucket.AtWeights"/> in place before the base optimizer gets them.
    /// Default: nothing.</summary>
    void Plain(Descent descent)
    {
    }

    /// <summary>Called after the base optimizer's step, unless the step was plain or skipped; the
    /// gradients are still held. Default: nothing.</summary>
    void AfterStep(Descent descent)
    {
    }
}
