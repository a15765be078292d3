namespace SamSharp;

public static partial class Recipe
{
    /// <summary>GNP, which penalizes the gradient's norm: base((1 - alpha) g + alpha g+), the finite-difference form of the gradient of
    /// L + lambda |g| with alpha = lambda / rho (Zhao, Zhang, Hu, "Penalizing Gradient Norm for Efficiently Improving Generalization in Deep
    /// Learning", 2022; zhaoyang-0204/gnp). The rule is <see cref="WeightedGradient"/>'s; alpha = 1 is SAM.</summary>
    /// <param name="rho">The radius, called r there. Default 0.1 (the official code).</param>
    /// <param name="alpha">The share of g+, at least 0. Default 0.8 (the official code).</param>
    /// <remarks>The code can also warm up rho (<see cref="RadiusSchedule.Scaled"/>), clips the final gradient, and has an option that brings g to
    /// length 1.</remarks>
    [Published("GNP", "Zhao et al. 2022", "1", "2")]
    public static SharpnessAwareOptions PenalizedGradientNorm(double rho = 0.1, double alpha = 0.8) =>
        new() { Rho = rho, Combiner = new WeightedGradient(alpha) };
}
