using static System.FormattableString;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// What the last step did. Numbers stay on the device until they are read; reading one waits for the device. The report always describes the last
/// step, or the one under way, so read what you need before the next. Any thread may read it.
/// </summary>
public sealed class StepReport : IDisposable
{
    private readonly Lock _lock = new();
    private Tensor? _loss;
    private Tensor? _perturbedLoss;
    private Tensor? _directionNorm;
    private Tensor? _gradientCosine;
    private Tensor? _gradientNorm;
    private Tensor? _foundInf;
    private Tensor? _leftOut;
    private bool _skipped;
    private long _skippedSteps;
    private long _toldSkipped;

    internal StepReport()
    {
    }

    /// <summary>The number of the step, from 1; 0 before the first.</summary>
    public long Step { get; internal set; }

    /// <summary>The loss at w, from the ascent closure if one was given. NaN when it is not known, as in a two-phase loop.</summary>
    public double Loss => Read(() => _loss);

    /// <summary>The loss of the closure at w + e. NaN in a plain step, or when it is not known.</summary>
    public double PerturbedLoss => Read(() => _perturbedLoss);

    /// <summary>PerturbedLoss - Loss, the sharpness that SAM penalizes; meaningful when both closures see the same data.</summary>
    public double Sharpness => PerturbedLoss - Loss;

    /// <summary>Norm of the ascent direction as the geometry measures it; NaN in a plain step.</summary>
    public double DirectionNorm => Read(() => _directionNorm);

    /// <summary>The Euclidean norm of the gradient that the base optimizer gets, over all parameters, before
    /// <see cref="SharpnessAwareOptions.MaxGradientNorm"/> limits it: without a loss scale, averaged over all processes. NaN unless that
    /// option is set, or a listener to the meter's <c>samsharp.gradient.norm</c> waits for this step.</summary>
    public double GradientNorm => Read(() => _gradientNorm);

    /// <summary>The cosine of the angle between the gradients at w and at w + e, over all parameters that have both.
    /// NaN in a plain step, and unless <see cref="SharpnessAwareOptions.CompareGradients"/> is on.</summary>
    public double GradientCosine => Read(() => _gradientCosine);

    /// <summary>The largest radius of any param group in this step.</summary>
    public double Radius { get; internal set; }

    /// <summary>Whether weights were perturbed: false in a plain step, where the radius is 0.</summary>
    public bool Perturbed { get; internal set; }

    /// <summary>Whether the step was skipped because a loss or gradient was not finite.</summary>
    public bool Skipped => _skipped || Read(() => _foundInf) > 0;

    /// <summary>The number of steps so far that were skipped because a loss or gradient was not finite.</summary>
    public long SkippedSteps
    {
        get
        {
            var leftOut = Read(() => _leftOut);
            return _skippedSteps + (double.IsNaN(leftOut) ? 0 : (long)leftOut);
        }
    }

    /// <summary>The share of all steps so far that were skipped; 0 before the first step.</summary>
    public double SkippedShare => Step == 0 ? 0 : (double)SkippedSteps / Step;

    internal Tensor? LossTensor
    {
        get => _loss;
        set => Keep(ref _loss, value);
    }

    internal Tensor? PerturbedLossTensor
    {
        get => _perturbedLoss;
        set => Keep(ref _perturbedLoss, value);
    }

    internal Tensor? DirectionNormTensor
    {
        get => _directionNorm;
        set => Keep(ref _directionNorm, value);
    }

    internal Tensor? GradientNormTensor
    {
        get => _gradientNorm;
        set => Keep(ref _gradientNorm, value);
    }

    internal Tensor? GradientCosineTensor
    {
        get => _gradientCosine;
        set => Keep(ref _gradientCosine, value);
    }

    /// <summary>Forgets the previous step, as a new one begins.</summary>
    internal void Begin(long step)
    {
        Forget();
        Step = step;
        Set(0);
        _skipped = false;
    }

    /// <summary>Forgets the step under way, which has failed.</summary>
    internal void Abandon(long steps)
    {
        Forget();
        Step = steps;
        Set(0);
    }

    /// <summary>Continues the counts of a checkpoint.</summary>
    internal void ResumeFrom(long steps, long skipped)
    {
        Dispose();
        (Step, _skippedSteps, _toldSkipped, _skipped) = (steps, skipped, skipped, false);
    }

    internal void Set(double radius)
    {
        Radius = radius;
        Perturbed = radius > 0;
    }

    /// <summary>Counts the step as skipped.</summary>
    internal void Skip()
    {
        _skipped = true;
        _skippedSteps++;
    }

    /// <summary>Counts the step as skipped if a number on the device is not 0, without waiting for it.</summary>
    internal void SkipWhere(Tensor foundInf)
    {
        Keep(ref _foundInf, foundInf);
        using var noGradient = no_grad();
        lock (_lock)
        {
            if (_leftOut is null) _leftOut = foundInf.clone().DetachFromDisposeScope();
            else _leftOut.IncreaseBy(foundInf);
        }
    }

    /// <summary>The number of skipped steps since this was last asked, or since a checkpoint was loaded.</summary>
    internal long TakeNewlySkipped()
    {
        var before = _toldSkipped;
        _toldSkipped = SkippedSteps;
        return _toldSkipped - before;
    }

    /// <summary>How many numbers were read from the device.</summary>
    internal long Reads { get; private set; }

    /// <summary>Frees the numbers that are still on the device. The optimizer does this itself.</summary>
    public void Dispose()
    {
        Forget();
        _skippedSteps = SkippedSteps;
        Keep(ref _leftOut, null);
    }

    private void Forget()
    {
        Keep(ref _foundInf, null);
        LossTensor = null;
        PerturbedLossTensor = null;
        DirectionNormTensor = null;
        GradientNormTensor = null;
        GradientCosineTensor = null;
    }

    /// <summary>The step's kind, losses and radius in one line.</summary>
    public override string ToString()
    {
        var loss = _loss is null ? "" : Invariant($", loss {Loss:G6}");
        if (Skipped) return $"step {Step}: skipped, a loss or gradient is not finite{loss}";
        if (!Perturbed) return $"step {Step}: plain{loss}";
        var perturbed = _perturbedLoss is null ? "" : Invariant($", {PerturbedLoss:G6} at w + e");
        return Invariant($"step {Step}: radius {Radius:G4}, direction norm {DirectionNorm:G6}{loss}{perturbed}");
    }

    /// <summary>Replaces a held tensor with a view of the value that has no history and outlives any dispose scope.</summary>
    private void Keep(ref Tensor? held, Tensor? value)
    {
        lock (_lock)
        {
            held?.Dispose();
            held = value?.detach().DetachFromDisposeScope();
        }
    }

    private double Read(Func<Tensor?> held)
    {
        lock (_lock)
        {
            if (held() is not { } value) return double.NaN;
            Reads++;
            using var number = value.to(ScalarType.Float64);
            return number.ReadDouble();
        }
    }
}
