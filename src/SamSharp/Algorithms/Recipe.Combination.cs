namespace SamSharp;

/// <content>Other uses of the two gradients.</content>
public static partial class Recipe
{
    /// <summary>GSAM (Zhuang et al. 2022), see <see cref="SurrogateGap"/>, with a radius that follows the learning rate: rhoMin + (rho - rhoMin) lr / maxLearningRate.</summary>
    /// <param name="rho">The largest radius. Default 0.6 (big_vision, ViT-B/32).</param>
    /// <param name="rhoMin">The radius at learning rate 0. Default 0.1 (the same).</param>
    /// <param name="alpha">See <see cref="SurrogateGap"/>. Default 0.6 (the same).</param>
    /// <param name="maxLearningRate">The rate at which the radius is rho; null (default) for the rate that the param group began with, right for schedules that fall from there.</param>
    public static SharpnessAwareOptions Gsam(double rho = 0.6, double rhoMin = 0.1, double alpha = 0.6, double? maxLearningRate = null) =>
        new() { Rho = rho, Radius = RadiusSchedule.TiedToLearningRate(rhoMin, lrMax: maxLearningRate), Combiner = new SurrogateGap(alpha) };

    /// <summary>WSAM (Yue et al. 2023), decoupled, see <see cref="DecoupledSharpness"/>.</summary>
    /// <param name="rho">The radius. Default 0.05 (intelligent-machine-learning/atorch, the authors).</param>
    /// <param name="gamma">The weight of sharpness. Default 0.9 (the same).</param>
    public static SharpnessAwareOptions Wsam(double rho = 0.05, double gamma = 0.9) => new() { Rho = rho, Combiner = new DecoupledSharpness(gamma) };

    /// <summary>WSAM (Yue et al. 2023), coupled, see <see cref="WeightedGradient.OfGamma"/>.</summary>
    /// <param name="rho">The radius. Default 0.05 (intelligent-machine-learning/atorch, the authors).</param>
    /// <param name="gamma">The weight of sharpness. Default 0.9 (the same).</param>
    public static SharpnessAwareOptions CoupledWsam(double rho = 0.05, double gamma = 0.9) => new() { Rho = rho, Combiner = WeightedGradient.OfGamma(gamma) };

    /// <summary>StableSAM (Tan et al. 2024), see <see cref="RescaledGradient"/>.</summary>
    /// <param name="rho">The radius. Default 0.05 (cltan023/stablesam2024).</param>
    public static SharpnessAwareOptions StableSam(double rho = 0.05) => new() { Rho = rho, Combiner = new RescaledGradient() };

    /// <summary>StableSAM on ASAM, every parameter in its own scale (cltan023/stablesam2024 with adaptive).</summary>
    /// <param name="rho">The radius. Default 0.5, ASAM's.</param>
    /// <param name="kappa">Added to |w|. Default 0 (the same code).</param>
    public static SharpnessAwareOptions StableAsam(double rho = 0.5, double kappa = 0) =>
        new() { Rho = rho, Geometry = new AdaptiveGeometry(kappa), Combiner = new RescaledGradient(kappa) };

    /// <summary>StableSAM on unnormalised SAM (cltan023/stablesam2024).</summary>
    /// <param name="rho">Multiple of the gradient. Default 0.05 (the same code).</param>
    public static SharpnessAwareOptions StableUnnormalizedSam(double rho = 0.05) => UnnormalizedSam(rho) with { Combiner = new RescaledGradient() };

    /// <summary>LookSAM (Liu et al. 2022), see <see cref="RememberedSharpness"/>: sharpness-aware in steps 1, k + 1, 2 k + 1, ...</summary>
    /// <param name="k">The interval. Default 5 (MarlonBecker/MSAM, PhysicsNeMo; rollovd and kozistr have 10).</param>
    /// <param name="rho">The radius. Default 0.05 (PhysicsNeMo; rollovd and kozistr 0.05 to 0.1).</param>
    /// <param name="alpha">How much is used again. Default 0.7 (rollovd, kozistr, PhysicsNeMo).</param>
    public static SharpnessAwareOptions LookSam(int k = 5, double rho = 0.05, double alpha = 0.7)
    {
        Check.Positive(k);
        return new()
        {
            Rho = rho,
            Radius = RadiusSchedule.From((info, radius) => (info.Step - 1) % k == 0 ? radius : 0),
            Combiner = new RememberedSharpness(alpha),
        };
    }

    /// <summary>Look-LayerSAM (Liu et al. 2022): LookSAM with each tensor in a ball of its own, see <see cref="LayerwiseGeometry"/>.</summary>
    /// <param name="k">The interval. Default 5, as <see cref="LookSam"/>.</param>
    /// <param name="rho">Share of each tensor's norm. Default 0.05; no official code.</param>
    /// <param name="alpha">How much is used again. Default 0.7.</param>
    public static SharpnessAwareOptions LookLayerSam(int k = 5, double rho = 0.05, double alpha = 0.7) => LookSam(k, rho, alpha) with { Geometry = new LayerwiseGeometry() };

    /// <summary>CR-SAM (Wu, Luo, Wunsch 2024), see <see cref="CurvatureRegularized"/>: three passes a step.</summary>
    /// <param name="rho">The radius. Default 0.1 (TrustAIoT/CR-SAM).</param>
    /// <param name="gamma">Weight of the curvature. Default 0.1 (the same class).</param>
    /// <param name="beta">Weight of the slope. Default 0.1 (the same class; its script has 0.01).</param>
    public static SharpnessAwareOptions CrSam(double rho = 0.1, double gamma = 0.1, double beta = 0.1) => new() { Rho = rho, Combiner = new CurvatureRegularized(gamma, beta) };
}
