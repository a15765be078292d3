using SamSharp.Steps;
using static TorchSharp.torch.optim;

namespace SamSharp;

/// <summary>
/// VaSSO's direction, a moving average of the gradients at w, which suppresses the variance of single batches: d = g in the first step, later d = (1 - theta) d + theta g
/// (Li, Giannakis, "Enhancing Sharpness-Aware Optimization Through Variance Suppression", 2023; BingcongLi/VaSSO).
/// </summary>
/// <remarks>theta = 1 is SAM. The average, one copy of the perturbed parameters, is kept in checkpoints; steps whose radius is 0 leave it as it is.</remarks>
public sealed class AveragedGradient : IDirection, IDisposable
{
    private readonly SlotTensors _average = new();
    private readonly double _theta;

    /// <summary>A direction with the given share of the newest gradient.</summary>
    /// <param name="theta">Above 0, at most 1. Default 0.9 (the official class).</param>
    /// <exception cref="ArgumentOutOfRangeException">theta is out of its range.</exception>
    public AveragedGradient(double theta = 0.9)
    {
        _theta = Check.Fraction(theta);
        if (theta == 0) throw new ArgumentOutOfRangeException(nameof(theta), theta, "theta is 0, so that the direction would stay the first gradient for ever; use a larger share.");
    }

    /// <inheritdoc/>
    public string? Objection(SharpnessAwareOptions options, Optimizer baseOptimizer) => History.Objection(this, options);

    /// <inheritdoc/>
    public void Aim(Ascent ascent)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        foreach (var list in ascent.Lists)
        {
            // The average of a gradient with itself is the gradient, so a parameter's first needs no case of its own.
            var average = _average.Of(list.Slots, slot => slot.Gradient!.clone());
            ascent.Kernels.Mix(average, Pass.Factor(list, 1 - _theta), list.Gradients, Pass.Factor(list, _theta));
            list.Direction = average;
        }
    }

    /// <inheritdoc/>
    public void Exchange(PartState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        state.Tensors("average", _average);
    }

    /// <summary>Frees the average.</summary>
    public void Dispose() => _average.Dispose();
}
