using SamSharp.Steps;

namespace SamSharp;

/// <summary>
/// The gradient at w + e with an L2 penalty that is taken there too: g(w + e) + weightDecay (w + e), as MarlonBecker/MSAM's SGD has it, whose weights are perturbed when it decays
/// them. The base optimizer's own weight decay, which sees w, is to be 0. In a step whose radius is 0 there is no difference: g(w) + weightDecay w.
/// </summary>
/// <param name="weightDecay">The penalty's factor, at least 0.</param>
/// <exception cref="ArgumentOutOfRangeException">It is negative or not finite.</exception>
public sealed class PerturbedDecay(double weightDecay) : ICombiner
{
    private readonly double _weightDecay = Check.NonNegative(weightDecay);

    /// <inheritdoc/>
    public bool NeedsAscentGradients => false;

    /// <inheritdoc/>
    public void Inspect(Descent descent) => Decay(descent);

    /// <inheritdoc/>
    public void Combine(Descent descent)
    {
        // The penalty was added where the weights were perturbed.
    }

    /// <inheritdoc/>
    public void Plain(Descent descent) => Decay(descent);

    private void Decay(Descent descent)
    {
        ArgumentNullException.ThrowIfNull(descent);
        foreach (var list in descent.Lists) descent.Kernels.Accumulate(list.Gradients, list.Weights, _weightDecay);
    }
}
