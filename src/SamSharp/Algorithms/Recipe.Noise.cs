namespace SamSharp;

/// <content>Random perturbations.</content>
public static partial class Recipe
{
    /// <summary>
    /// LPF-SGD (Bisla, Wang, Choromanska, 2022): the gradient at weights with Gaussian noise, whose standard deviation is gamma times the norm of each filter. For noise of its
    /// own in each part of the batch, as the authors have it with 8 parts, call <c>Step</c> with the parts.
    /// </summary>
    /// <param name="steps">The steps of the training, over which gamma grows by half a cosine; null (default) leaves it as it is, as the authors do on ImageNet.</param>
    /// <param name="gamma">The noise's scale at the start. Default 5e-4 (the official code).</param>
    /// <param name="increase">gamma at the end, as a multiple. Default 15 (the official code).</param>
    /// <param name="seed">Of the noise. Default 0.</param>
    public static SharpnessAwareOptions LpfSgd(long? steps = null, double gamma = 5e-4, double increase = 15, long seed = 0) => Rwp(gamma, seed) with
    {
        Radius = steps is { } length ? RadiusSchedule.Scaled(Ramp.Cosine(1, increase, length)) : RadiusSchedule.Constant,
    };

    /// <summary>RWP (Li, Tao et al., 2024): the gradient at weights with Gaussian noise, whose standard deviation is sigma times the norm of each filter. One pass a step. The authors'
    /// growing noise is <see cref="RadiusSchedule.Scaled"/> with <see cref="Ramp.Cosine"/>.</summary>
    /// <param name="sigma">The noise's scale. Default 0.01 (the official code; its run file has 0.015).</param>
    /// <param name="seed">Of the noise. Default 0.</param>
    public static SharpnessAwareOptions Rwp(double sigma = 0.01, long seed = 0) =>
        new() { Rho = sigma, Direction = new RandomDirection(new GaussianNoise(seed)), Geometry = new FilterGeometry(new RawGeometry()) };

    /// <summary>ARWP (Li, Tao et al., 2024): RWP with less noise where gradients are large, see <see cref="AdaptedNoise"/>.</summary>
    /// <param name="sigma">The noise's scale. Default 0.01 (the official code).</param>
    /// <param name="eta">How much the gradients count. Default 1 (the official code; its run file has 0.1).</param>
    /// <param name="beta">What their average keeps of itself. Default 0.9 (the official code; its run file has 0.99).</param>
    /// <param name="seed">Of the noise. Default 0.</param>
    public static SharpnessAwareOptions AdaptiveRwp(double sigma = 0.01, double eta = 1, double beta = 0.9, long seed = 0) =>
        Rwp(sigma) with { Direction = new AdaptedNoise(new GaussianNoise(seed), eta, beta) };

    /// <summary>m-RWP (Li, Tao et al., 2024): a weighted sum of the gradients at weights with noise and at those without. The authors take the two on consecutive batches:
    /// <c>Step(thisBatch, ascent: previousBatch)</c>. For m-ARWP give <see cref="AdaptiveRwp"/> the same combiner.</summary>
    /// <param name="sigma">The noise's scale. Default 0.01 (the official code).</param>
    /// <param name="lambda">The share of the gradient with noise. Default 0.5 (the official code).</param>
    /// <param name="seed">Of the noise. Default 0.</param>
    public static SharpnessAwareOptions MixedRwp(double sigma = 0.01, double lambda = 0.5, long seed = 0) =>
        Rwp(sigma, seed) with { Combiner = new WeightedGradient(Check.Fraction(lambda)) };

    /// <summary>Two-point noise (Zhang et al., "Noise Stability Optimization", 2023): the mean of the gradients at w + u and w - u with Gaussian u. On a quadratic exactly the gradient.</summary>
    /// <param name="sigma">The noise's standard deviation. Default 0.01; no code of the authors was at hand.</param>
    /// <param name="pairs">How many u. Each costs two passes. Default 1.</param>
    /// <param name="seed">Of the noise. Default 0.</param>
    public static SharpnessAwareOptions TwoPointNoise(double sigma = 0.01, int pairs = 1, long seed = 0) => new()
    {
        Rho = sigma,
        Direction = new RandomDirection(new AntitheticNoise(new GaussianNoise(seed))),
        Geometry = new RawGeometry(),
        Combiner = new AverageOverDraws(2 * Check.Positive(pairs)),
    };

    /// <summary>RandSAM: SAM along a random direction, of length rho; the control that tells whether SAM's direction matters. One pass a step.</summary>
    /// <param name="rho">The radius. Default 0.05, SAM's.</param>
    /// <param name="seed">Of the noise. Default 0.</param>
    public static SharpnessAwareOptions RandSam(double rho = 0.05, long seed = 0) => new() { Rho = rho, Direction = new RandomDirection(new GaussianNoise(seed)) };

    /// <summary>Universal SAM for the trace of the Hessian (Tahmasebi et al., 2024), see <see cref="UniversalGradient"/>.</summary>
    /// <param name="rho">The noise's standard deviation. Default 0.01 (the official README).</param>
    /// <param name="lambda">The weight of the sharpness. Default 1 (the official code).</param>
    /// <param name="draws">The random points. Default 1 (the official code).</param>
    /// <param name="seed">Of the noise. Default 0.</param>
    /// <remarks>The official sampler is called a hypersphere but never applies its radius, so that it is Gaussian, as here.</remarks>
    public static SharpnessAwareOptions TraceSam(double rho = 0.01, double lambda = 1, int draws = 1, long seed = 0) =>
        Universal(UniversalSharpness.Trace, new GaussianNoise(seed), rho, lambda, draws);

    /// <summary>Universal SAM for the Frobenius norm of the Hessian (Tahmasebi et al., 2024), see <see cref="UniversalGradient"/>.</summary>
    /// <param name="rho">The noise's standard deviation. Default 0.005 (the official README).</param>
    /// <param name="lambda">The weight of the sharpness. Default 0.005 (the official README).</param>
    /// <param name="draws">The random points, at least 2. Default 2 (the official README).</param>
    /// <param name="seed">Of the noise. Default 0.</param>
    public static SharpnessAwareOptions FrobeniusSam(double rho = 0.005, double lambda = 0.005, int draws = 2, long seed = 0) =>
        Universal(UniversalSharpness.Frobenius, new GaussianNoise(seed), rho, lambda, draws);

    /// <summary>Universal SAM for the determinant of the Hessian (Tahmasebi et al., 2024), see <see cref="UniversalGradient"/>.</summary>
    /// <param name="halfWidth">Half the edge of the cube of random points. Default 0.01 (the official README).</param>
    /// <param name="rho">What they are multiplied by. Default 1 (the official README).</param>
    /// <param name="lambda">The weight of the sharpness. Default 1 (the official code).</param>
    /// <param name="draws">The random points. Default 1 (the official code).</param>
    /// <param name="seed">Of the noise. Default 0.</param>
    public static SharpnessAwareOptions DeterminantSam(double halfWidth = 0.01, double rho = 1, double lambda = 1, int draws = 1, long seed = 0) =>
        Universal(UniversalSharpness.Determinant, new CubeNoise(halfWidth, seed), rho, lambda, draws);

    private static SharpnessAwareOptions Universal(UniversalSharpness sharpness, INoise noise, double rho, double lambda, int draws) => new()
    {
        Rho = rho,
        Direction = new RandomDirection(noise),
        Geometry = new RawGeometry(),
        Combiner = new UniversalGradient(sharpness, lambda, draws),
    };
}
