using SamSharp.Steps;
using static TorchSharp.torch.optim;

namespace SamSharp;

/// <summary>
/// Friendly-SAM's direction, the gradient without what it shares with those before: d = g, m = g in the first step; later d = g - sigma m, then m = lambda m + (1 - lambda) g
/// (Li, Zhou, He, Cheng, Huang, "Friendly Sharpness-Aware Minimization", 2024; nblt/F-SAM).
/// </summary>
/// <remarks>
/// The order is that of the authors' code. Their paper updates m before it is subtracted: at sigma = 1 the same direction, otherwise another. sigma = 0 is SAM. Where gradients
/// never change, d is 0 (or rounding noise), and so is the use of this direction. The average, one copy of the perturbed parameters, is kept in checkpoints; a second copy
/// holds d. Steps whose radius is 0 leave the average as it is.
/// </remarks>
public sealed class ResidualGradient : IDirection, IDisposable
{
    private readonly SlotTensors _average = new();
    private readonly SlotTensors _residual = new();
    private readonly double _sigma;
    private readonly double _lambda;

    /// <summary>A direction with the given share of the average removed.</summary>
    /// <param name="sigma">How much of the average is subtracted, at least 0. Default 1 (the official class).</param>
    /// <param name="lambda">What the average keeps of itself in a step, from 0 to 1. Default 0.9 (the official class; its scripts use 0.6 to 0.95).</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of its range.</exception>
    public ResidualGradient(double sigma = 1, double lambda = 0.9)
    {
        _sigma = Check.NonNegative(sigma);
        _lambda = Check.Fraction(lambda);
    }

    /// <inheritdoc/>
    public string? Objection(SharpnessAwareOptions options, Optimizer baseOptimizer) => History.Objection(this, options);

    /// <inheritdoc/>
    public void Aim(Ascent ascent)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        foreach (var list in ascent.Lists)
        {
            var known = list.Slots.Select(slot => _average.Find(slot) is not null).ToArray();
            var (average, residual) = (_average.Of(list.Slots), _residual.Of(list.Slots));
            ascent.Kernels.Copy(residual, list.Gradients);
            ascent.Kernels.Accumulate(residual, average, -_sigma);
            ascent.Kernels.Mix(average, Pass.Factor(list, _lambda), list.Gradients, Pass.Factor(list, 1 - _lambda));
            ascent.Kernels.Copy(average.Where((_, i) => !known[i]).ToArray(), list.Gradients.Where((_, i) => !known[i]).ToArray());
            list.Direction = residual;
        }
    }

    /// <inheritdoc/>
    public void Exchange(PartState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        state.Tensors("average", _average);
    }

    /// <summary>Frees the average and the direction.</summary>
    public void Dispose()
    {
        _average.Dispose();
        _residual.Dispose();
    }
}
