namespace SamSharp;

public static partial class Recipe
{
    /// <summary>SS-SAM, also known as RST (Zhao, Zhang, Hu, 2022): sharpness-aware at random. For a probability that changes, set
    /// <see cref="SharpnessAwareOptions.Schedule"/> to
    /// <see cref="RadiusSchedule.AtRandom(Func{long, double}, long)"/> with a <see cref="Ramp"/>.</summary>
    /// <param name="probability">Probability that a step is sharpness-aware. Default 0.5; the authors' code was not available.</param>
    /// <param name="rho">The radius. Default 0.05, SAM's.</param>
    /// <param name="seed">Decides, with the step's number. Default 0.</param>
    [Published("Random steps (SS-SAM, RST)", "Zhao et al. 2022", "p")]
    public static SharpnessAwareOptions RandomStepsSam(double probability = 0.5, double rho = 0.05, long seed = 0) =>
        new() { Rho = rho, Schedule = RadiusSchedule.AtRandom(probability, seed) };

    /// <summary>G-RST (Zhao, Zhang, Hu, 2022): like <see cref="RandomStepsSam"/>, with (1 - gamma) g +
    /// gamma g(w + e) in sharpness-aware steps.</summary>
    /// <param name="gamma">The share of the gradient at w + e, at least 0; 1 is RST.</param>
    /// <param name="probability">Probability that a step is sharpness-aware. Default 0.5; the authors' code was not available.</param>
    /// <param name="rho">The radius. Default 0.05, SAM's.</param>
    /// <param name="seed">Decides, with the step's number. Default 0.</param>
    [Published("G-RST", "Zhao et al. 2022", "p", "2")]
    public static SharpnessAwareOptions WeightedRandomStepsSam(double gamma, double probability = 0.5, double rho = 0.05, long seed = 0) =>
        RandomStepsSam(probability, rho, seed) with { Combiner = new WeightedGradient(gamma) };
}
