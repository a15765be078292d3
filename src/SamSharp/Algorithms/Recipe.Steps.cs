namespace SamSharp;

/// <content>Sharpness-aware in some of the steps only.</content>
public static partial class Recipe
{
    /// <summary>SS-SAM, or RST (Zhao, Zhang, Hu, 2022): sharpness-aware at random. For a probability that changes set <see cref="SharpnessAwareOptions.Radius"/> to
    /// <see cref="RadiusSchedule.AtRandom(Func{long, double}, long)"/> with a <see cref="Ramp"/>.</summary>
    /// <param name="probability">Of a step to be sharpness-aware. Default 0.5; no code of the authors was at hand.</param>
    /// <param name="rho">The radius. Default 0.05, SAM's.</param>
    /// <param name="seed">Decides, with the step's number. Default 0.</param>
    public static SharpnessAwareOptions RandomStepsSam(double probability = 0.5, double rho = 0.05, long seed = 0) =>
        new() { Rho = rho, Radius = RadiusSchedule.AtRandom(probability, seed) };

    /// <summary>G-RST (Zhao, Zhang, Hu, 2022): as <see cref="RandomStepsSam"/>, with (1 - gamma) g + gamma g(w + e) in sharpness-aware steps.</summary>
    /// <param name="gamma">The share of the gradient at w + e, at least 0; 1 is RST.</param>
    /// <param name="probability">Of a step to be sharpness-aware. Default 0.5; no code of the authors was at hand.</param>
    /// <param name="rho">The radius. Default 0.05, SAM's.</param>
    /// <param name="seed">Decides, with the step's number. Default 0.</param>
    public static SharpnessAwareOptions WeightedRandomStepsSam(double gamma, double probability = 0.5, double rho = 0.05, long seed = 0) =>
        RandomStepsSam(probability, rho, seed) with { Combiner = new WeightedGradient(gamma) };

    /// <summary>Late-phase SAM (Zhou et al., 2025): the base optimizer alone until the given step.</summary>
    /// <param name="step">The first sharpness-aware step, from 1; the authors' example is epoch 175 of 200.</param>
    /// <param name="rho">The radius. Default 0.05, SAM's.</param>
    public static SharpnessAwareOptions LatePhaseSam(long step, double rho = 0.05) => new() { Rho = rho, Radius = RadiusSchedule.StartingAt(step) };

    /// <summary>AE-SAM (Jiang, Yang, Zhang, Kwok, 2023): sharpness-aware where the gradient is large for its time, see <see cref="GradientNormSchedule"/>.</summary>
    /// <param name="steps">The number of steps of the training.</param>
    /// <param name="rho">The radius. Default 0.05, SAM's.</param>
    public static SharpnessAwareOptions AdaptivePolicySam(long steps, double rho = 0.05) => new() { Rho = rho, Radius = new GradientNormSchedule(steps) };

    /// <summary>AE-LookSAM (the same paper): AE-SAM, whose plain steps use what LookSAM remembers, see <see cref="RememberedSharpness"/>.</summary>
    /// <param name="steps">The number of steps of the training.</param>
    /// <param name="rho">The radius. Default 0.05, SAM's.</param>
    /// <param name="alpha">How much of it. Default 0.7 (third-party LookSAM).</param>
    public static SharpnessAwareOptions AdaptivePolicyLookSam(long steps, double rho = 0.05, double alpha = 0.7) =>
        AdaptivePolicySam(steps, rho) with { Combiner = new RememberedSharpness(alpha) };
}
