using SamSharp.Steps;

namespace SamSharp;

/// <summary>Radius schedules by name.</summary>
public static class RadiusSchedule
{
    /// <summary>The configured radius in every step.</summary>
    public static IRadiusSchedule Constant { get; } = new ConstantRadius();

    /// <summary>Sharpness-aware in steps k, 2k, 3k, ..., plain in the others, like mosaicml/composer's interval.</summary>
    /// <param name="k">The interval; 1 is every step.</param>
    /// <param name="first">The first sharpness-aware step, from 1. Null (default): k.</param>
    /// <exception cref="ArgumentOutOfRangeException">k or first is less than 1.</exception>
    public static IRadiusSchedule Every(int k, long? first = null) => new EveryKth(Check.Positive(k), Check.Positive(first ?? k, nameof(first)));

    /// <summary>Plain at first, sharpness-aware from the given step on: late-phase SAM, for which the last tenth of a training run suffices
    /// (Zhou et al., "Sharpness-Aware Minimization Efficiently Selects Flatter Minima Late in Training", 2025).</summary>
    /// <param name="step">The first sharpness-aware step, from 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">step is less than 1.</exception>
    public static IRadiusSchedule StartingAt(long step)
    {
        if (step < 1) throw new ArgumentOutOfRangeException(nameof(step), step, "Steps are counted from 1.");
        return new FromStep(step);
    }

    /// <summary>Sharpness-aware with the given probability in each step, otherwise plain: SS-SAM, also
    /// known as RST (Zhao, Zhang, Hu, 2022).</summary>
    /// <param name="probability">From 0 (the base optimizer) to 1 (SAM).</param>
    /// <param name="seed">Together with the step's number it determines the draws, the same after a resume and on every worker. Default 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">The probability is out of range.</exception>
    public static IRadiusSchedule AtRandom(double probability, long seed = 0)
    {
        return new Sometimes(Check.Fraction(probability), null, seed);
    }

    /// <summary>Sharpness-aware with a probability that changes from step to step.</summary>
    /// <param name="probability">The probability as a function of the step's number, from 1; for instance a <see cref="Ramp"/>.</param>
    /// <param name="seed">As for <see cref="AtRandom(double, long)"/>.</param>
    public static IRadiusSchedule AtRandom(Func<long, double> probability, long seed = 0)
    {
        ArgumentNullException.ThrowIfNull(probability);
        return new Sometimes(1, probability, seed);
    }

    /// <summary>The configured radius times a factor that changes from step to step, for instance a <see cref="Ramp"/>.</summary>
    /// <param name="factor">The factor as a function of the step's number, from 1.</param>
    public static IRadiusSchedule Scaled(Func<long, double> factor)
    {
        ArgumentNullException.ThrowIfNull(factor);
        return new Multiple(factor);
    }

    /// <summary>The radius is multiplied by gamma at regular intervals: rho gamma^floor((step - 1) / every).</summary>
    /// <param name="gamma">The factor, from 0 to 1.</param>
    /// <param name="every">The interval in steps, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">gamma or every is out of range.</exception>
    public static IRadiusSchedule Decaying(double gamma, long every)
    {
        Check.Fraction(gamma);
        if (every < 1) throw new ArgumentOutOfRangeException(nameof(every), every, "every must be at least 1.");
        return new Decay(gamma, every);
    }

    /// <summary>
    /// The radius follows the learning rate: rhoMin + (rho - rhoMin) (lr - lrMin) / (lrMax - lrMin), where rho, the configured radius, goes with the
    /// largest rate (GSAM: Zhuang et al., "Surrogate Gap Minimization Improves Sharpness-Aware Training", 2022). It is never below 0; a rate that
    /// cannot change, lrMax = lrMin, gives rho.
    /// </summary>
    /// <param name="rhoMin">The radius at the smallest rate. Default 0.</param>
    /// <param name="lrMin">The smallest rate. Default 0.</param>
    /// <param name="lrMax">The largest rate; null (default) for each param group's initial rate. Set it if
    /// a warm-up starts from a smaller rate.</param>
    /// <param name="warmupSteps">In so many first steps the radius is rho lr / lrMax, as in R-SAM's code. Default 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">rhoMin, a rate or warmupSteps is negative or not finite.</exception>
    public static IRadiusSchedule TiedToLearningRate(double rhoMin = 0, double lrMin = 0, double? lrMax = null, long warmupSteps = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(warmupSteps);
        Check.Radius(rhoMin);
        Check.NonNegative(lrMin);
        if (lrMax is { } given) Check.NonNegative(given, nameof(lrMax));
        return new LearningRateTied(rhoMin, lrMin, lrMax, warmupSteps);
    }

    /// <summary>The configured radius times the square root of the learning rate, SA-SAM's radius where rho is 1 (Naganuma, Hataya, Mitliagkas,
    /// "Smoothness-Adaptive Sharpness-Aware Minimization for Finding Flatter Minima", 2024).</summary>
    public static IRadiusSchedule SquareRootOfLearningRate { get; } = new RootOfRate();

    /// <summary>Any function of the step and the configured radius.</summary>
    /// <param name="radius">Returns the radius: finite and at least 0; 0 makes a plain step.</param>
    public static IRadiusSchedule From(Func<StepInfo, double, double> radius)
    {
        ArgumentNullException.ThrowIfNull(radius);
        return new Function(radius);
    }

    private sealed record EveryKth(int K, long First) : IRadiusSchedule
    {
        public double At(StepInfo info, double rho) => info.Step >= First && (info.Step - First) % K == 0 ? rho : 0;
    }

    private sealed record FromStep(long First) : IRadiusSchedule
    {
        public double At(StepInfo info, double rho) => info.Step >= First ? rho : 0;
    }

    private sealed record Sometimes(double Probability, Func<long, double>? Changing, long Seed) : IRadiusSchedule
    {
        public double At(StepInfo info, double rho) =>
            CounterRandom.Uniform(Seed, info.Step) < (Changing?.Invoke(info.Step) ?? Probability) ? rho : 0;
    }

    private sealed record Multiple(Func<long, double> Factor) : IRadiusSchedule
    {
        public double At(StepInfo info, double rho) => rho * Factor(info.Step);
    }

    private sealed record Decay(double Gamma, long Interval) : IRadiusSchedule
    {
        public double At(StepInfo info, double rho) => rho * Math.Pow(Gamma, (info.Step - 1) / Interval);
    }

    private sealed record LearningRateTied(double RhoMin, double LrMin, double? LrMax, long WarmupSteps) : IRadiusSchedule
    {
        public double At(StepInfo info, double rho)
        {
            var most = LrMax ?? info.InitialLearningRate;
            if (info.Step <= WarmupSteps) return most == 0 ? rho : rho * info.LearningRate / most;
            var range = most - LrMin;
            return range == 0 ? rho : Math.Max(0, RhoMin + ((rho - RhoMin) * (info.LearningRate - LrMin) / range));
        }
    }

    private sealed record RootOfRate : IRadiusSchedule
    {
        public double At(StepInfo info, double rho) => rho * Math.Sqrt(Math.Max(0, info.LearningRate));
    }

    private sealed record Function(Func<StepInfo, double, double> Radius) : IRadiusSchedule
    {
        public double At(StepInfo info, double rho) => Radius(info, rho);
    }
}
