using SamSharp.Steps;
using static TorchSharp.torch.optim;

namespace SamSharp;

/// <summary>
/// AE-SAM's choice of steps, by the gradient at w: with z = ||g||^2, mu = delta mu + (1 - delta) z, s2 = delta s2 + (1 - delta) (z - mu)^2, the step is sharpness-aware when
/// z >= mu + c sqrt(s2), where c runs from lambda2 to lambda1 over the training, and a plain one otherwise, with the gradient that is there already
/// (Jiang, Yang, Zhang, Kwok, "An Adaptive Policy to Employ Sharpness-Aware Minimization", 2023).
/// </summary>
/// <remarks>
/// The rule is a decision, so each step reads the norm from the device. How mu and s2 begin is not published: here mu is the first z and s2 is 0, so that the first
/// step is sharpness-aware. Norms that are not finite are left out. With LookSAM's combiner, whose plain steps reuse what a sharpness-aware one has stored, it is AE-LookSAM.
/// </remarks>
public sealed class GradientNormSchedule : IRadiusSchedule
{
    private readonly long _steps;
    private readonly double _delta, _lambda1, _lambda2;
    private double _mean, _variance;
    private long _seen, _step;
    private bool _ascends;

    /// <summary>A schedule for a training of known length.</summary>
    /// <param name="steps">The number of steps of the training; c stays at lambda1 after it.</param>
    /// <param name="delta">What the averages keep of themselves in a step, from 0 to 1. Default 0.9, as remembered of the paper, not verified.</param>
    /// <param name="lambda1">c at the end. Default -1 (likewise).</param>
    /// <param name="lambda2">c at the start. Default 1 (likewise).</param>
    /// <exception cref="ArgumentOutOfRangeException">steps is less than 1, or delta out of its range.</exception>
    public GradientNormSchedule(long steps, double delta = 0.9, double lambda1 = -1, double lambda2 = 1)
    {
        if (steps < 1) throw new ArgumentOutOfRangeException(nameof(steps), steps, "A training has at least one step.");
        _steps = steps;
        _delta = Check.Fraction(delta);
        _lambda1 = lambda1;
        _lambda2 = lambda2;
    }

    /// <inheritdoc/>
    public string? Objection(SharpnessAwareOptions options, Optimizer baseOptimizer)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.Direction.NeedsGradients(1) ? null
            : $"{nameof(GradientNormSchedule)} decides by the gradient at w, which {options.Direction.GetType().Name} does without. Use another direction or radius schedule.";
    }

    /// <inheritdoc/>
    public double At(StepInfo info, double rho) => rho;

    /// <inheritdoc/>
    public double After(StepInfo info, double radius, FirstPass measured)
    {
        ArgumentNullException.ThrowIfNull(measured);
        // Every param group asks; the first decides for all.
        if (info.Step != _step) Decide(info.Step, measured.GradientNorm * measured.GradientNorm);
        return _ascends ? radius : 0;
    }

    private void Decide(long step, double z)
    {
        _step = step;
        _ascends = true;
        if (!double.IsFinite(z)) return;
        _mean = _seen == 0 ? z : _mean + ((1 - _delta) * (z - _mean));
        _variance = _seen == 0 ? 0 : (_delta * _variance) + ((1 - _delta) * (z - _mean) * (z - _mean));
        _seen++;
        var past = Math.Min(1, (double)step / _steps);
        // At the first step the threshold is z itself, whatever c may be.
        _ascends = _variance == 0 ? z >= _mean : z >= _mean + (((past * _lambda1) + ((1 - past) * _lambda2)) * Math.Sqrt(_variance));
    }

    /// <inheritdoc/>
    public void Exchange(PartState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        _mean = state.Number("mean", _mean);
        _variance = state.Number("variance", _variance);
        _seen = state.Count("seen", _seen);
        _step = state.Count("step", _step);
        _ascends = state.Count("ascends", _ascends ? 1 : 0) == 1;
    }
}
