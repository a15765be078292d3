using SamSharp.Steps;

namespace SamSharp;

/// <summary>
/// The gradient at w + e, and decoupled weight decay after the base optimizer's step: w = (1 - lr weightDecay) w, as MarlonBecker/MSAM's AdamW has it, where the usual AdamW decays
/// before its step. The base optimizer's own weight decay is to be 0. Steps whose radius is 0 do not decay.
/// </summary>
/// <param name="weightDecay">The decay, at least 0; multiplied by each param group's learning rate.</param>
/// <exception cref="ArgumentOutOfRangeException">It is negative or not finite.</exception>
public sealed class LateDecay(double weightDecay) : ICombiner
{
    private readonly double _weightDecay = Check.NonNegative(weightDecay);

    /// <inheritdoc/>
    public bool NeedsAscentGradients => false;

    /// <inheritdoc/>
    public bool ActsAfterStep => true;

    /// <inheritdoc/>
    public void Combine(Descent descent)
    {
        // The second pass left the gradient in place.
    }

    /// <inheritdoc/>
    public void AfterStep(Descent descent)
    {
        ArgumentNullException.ThrowIfNull(descent);
        foreach (var list in descent.Lists)
        {
            var factor = Pass.Factor(list, 1 - (list.LearningRate * _weightDecay));
            foreach (var weight in list.Weights) weight.mul_(factor);
        }
    }
}
