using SamSharp.Steps;
using static TorchSharp.torch.optim;

namespace SamSharp;

public static partial class Recipe
{
    /// <summary>AE-SAM (Jiang, Yang, Zhang, Kwok, 2023): sharpness-aware when the gradient is large compared with recent ones; see
    /// <see cref="GradientNormSchedule"/>.</summary>
    /// <param name="steps">The number of training steps.</param>
    /// <param name="rho">The radius. Default 0.05, SAM's.</param>
    /// <param name="delta">The decay of the averages per step, from 0 to 1. Default 0.9 (not verified against the paper).</param>
    /// <param name="lambda1">The threshold in deviations at the end. Default -1 (not verified).</param>
    /// <param name="lambda2">The threshold at the start. Default 1 (not verified).</param>
    [Published("AE-SAM", "Jiang et al. 2023", "about 1/2", "1; reads |g|")]
    public static SharpnessAwareOptions AdaptivePolicySam(long steps, double rho = 0.05, double delta = 0.9, double lambda1 = -1,
        double lambda2 = 1) => new() { Rho = rho, Schedule = new GradientNormSchedule(steps, delta, lambda1, lambda2) };

    /// <summary>AE-LookSAM (the same paper): AE-SAM, whose plain steps use what LookSAM remembers; see <see cref="RememberedSharpness"/>.</summary>
    /// <param name="steps">The number of training steps.</param>
    /// <param name="rho">The radius. Default 0.05, SAM's.</param>
    /// <param name="alpha">How much of the remembered component is reused. Default 0.7 (third-party LookSAM).</param>
    [Published("AE-LookSAM", "Jiang et al. 2023", "about 1/2", "3, for a moment more where v is 0")]
    public static SharpnessAwareOptions AdaptivePolicyLookSam(long steps, double rho = 0.05, double alpha = 0.7) =>
        AdaptivePolicySam(steps, rho) with { Combiner = new RememberedSharpness(alpha) };
}

/// <summary>
/// AE-SAM's choice of steps, by the gradient at w: with z = |g|^2, mu = delta mu + (1 - delta) z, s2 = delta s2 + (1 - delta) (z - mu)^2, the step is
/// sharpness-aware if z >= mu + c sqrt(s2), where c runs from lambda2 to lambda1 over the training; otherwise it is plain and uses the gradient at w
/// (Jiang, Yang, Zhang, Kwok, "An Adaptive Policy to Employ Sharpness-Aware Minimization", 2023).
/// </summary>
/// <remarks>
/// To decide, each step reads the norm from the device. The initial mu and s2 are not published: here mu is the first z and s2 is 0, so the first
/// step is sharpness-aware. Norms that are not finite are ignored. With LookSAM's combiner, whose plain steps reuse what a sharpness-aware
/// step has stored, this is AE-LookSAM. mu and s2 are saved in checkpoints.
/// </remarks>
/// <param name="Steps">The number of training steps, at least 1; c stays at lambda1 after them.</param>
/// <param name="Delta">The decay of the averages per step, from 0 to 1. Default 0.9 (not verified against the paper).</param>
/// <param name="Lambda1">c at the end. Default -1 (not verified).</param>
/// <param name="Lambda2">c at the start. Default 1 (not verified).</param>
internal sealed record GradientNormSchedule(long Steps, double Delta = 0.9, double Lambda1 = -1, double Lambda2 = 1) : IRadiusSchedule
{
    private const string Mean = "mean", Variance = "variance", Seen = "seen", DecidedIn = "step", Ascends = "ascends";

    /// <summary>The number of training steps, at least 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public long Steps { get; init => field = Check.Positive(value, nameof(Steps)); } = Check.Positive(Steps);

    /// <summary>The decay of the averages per step, from 0 to 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of range.</exception>
    public double Delta { get; init => field = Check.Fraction(value, nameof(Delta)); } = Check.Fraction(Delta);

    /// <inheritdoc/>
    public bool Remembers => true;

    /// <inheritdoc/>
    public string? Objection(SharpnessAwareOptions options, Optimizer baseOptimizer) => options.Direction.NeedsGradients(1) ? null
        : $"{nameof(GradientNormSchedule)} decides by the gradient at w, which {options.Direction.GetType().Name} does without. " +
            "Use another direction or radius schedule.";

    /// <inheritdoc/>
    public double At(StepInfo info, double rho) => rho;

    /// <inheritdoc/>
    public double After(FirstPassReport first, StepInfo info, double radius)
    {
        var memory = first.MemoryOf(this);
        // Every param group asks; the first one decides for all.
        if ((long)memory.Number(DecidedIn) != info.Step) Decide(memory, info.Step, first.GradientNorm * first.GradientNorm);
        return memory.Number(Ascends) == 1 ? radius : 0;
    }

    private void Decide(PartMemory memory, long step, double z)
    {
        memory.Set(DecidedIn, step);
        memory.Set(Ascends, 1);
        if (!double.IsFinite(z)) return;
        var (mean, variance, isFirst) = (memory.Number(Mean), memory.Number(Variance), memory.Number(Seen) == 0);
        mean = isFirst ? z : mean + ((1 - Delta) * (z - mean));
        variance = isFirst ? 0 : (Delta * variance) + ((1 - Delta) * (z - mean) * (z - mean));
        memory.Set(Mean, mean);
        memory.Set(Variance, variance);
        memory.Set(Seen, memory.Number(Seen) + 1);
        var past = Math.Min(1, (double)step / Steps);
        // In the first step the threshold is z itself, whatever c is.
        var threshold = variance == 0 ? mean : mean + (((past * Lambda1) + ((1 - past) * Lambda2)) * Math.Sqrt(variance));
        memory.Set(Ascends, z >= threshold ? 1 : 0);
    }
}
