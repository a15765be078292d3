namespace SamSharp;

/// <content>Ascents that follow what was seen in earlier steps.</content>
public static partial class Recipe
{
    /// <summary>VaSSO (Li, Giannakis, 2023): climbs along a moving average of the gradients.</summary>
    /// <param name="rho">The radius. Default 0.05 (the official class; its script has 0.2).</param>
    /// <param name="theta">The newest gradient's share. Default 0.9 (the official class).</param>
    public static SharpnessAwareOptions Vasso(double rho = 0.05, double theta = 0.9) =>
        new() { Rho = rho, Direction = new AveragedGradient(theta), Geometry = new EuclideanGeometry(1e-7) };

    /// <summary>Friendly-SAM (Li et al., 2024): climbs along what a gradient does not share with the average of those before it. For the authors' optional weighting
    /// by w^2 set <see cref="SharpnessAwareOptions.Geometry"/> to an <see cref="AdaptiveGeometry"/> with kappa 0.</summary>
    /// <param name="rho">The radius. Default 0.05 (the official class; its trainer has 0.1, its script 0.2).</param>
    /// <param name="sigma">How much of the average is removed. Default 1 (the official class).</param>
    /// <param name="lambda">What the average keeps of itself. Default 0.9 (the official class; its trainer has 0.95, its script 0.6).</param>
    public static SharpnessAwareOptions FriendlySam(double rho = 0.05, double sigma = 1, double lambda = 0.9) =>
        new() { Rho = rho, Direction = new ResidualGradient(sigma, lambda) };

    /// <summary>Stale-gradient SAM (S2-SAM, 2024; AsyncSAM, 2025): climbs along the gradient of the step before, so that a step costs one pass.</summary>
    /// <param name="rho">The radius. Default 0.05, SAM's; no code of the authors was at hand.</param>
    public static SharpnessAwareOptions StaleSam(double rho = 0.05) => new() { Rho = rho, Direction = new StaleGradient() };

    /// <summary>DP-SAT (Park et al., 2023): stale-gradient SAM whose closure leaves the privatised gradient, per-example gradients clipped and with noise added, which both
    /// the base optimizer and the next ascent get. Clipping and noise are the closure's task.</summary>
    /// <param name="rho">The radius. Default 0.03 (the example of the official repository).</param>
    public static SharpnessAwareOptions DpSat(double rho = 0.03) => StaleSam(rho);

    /// <summary>Momentum-SAM (Becker, Altrock, Risse, 2024): climbs against the base optimizer's momentum, so that a step costs one pass and no memory of its own.</summary>
    /// <param name="rho">The radius. Default 0.3, the authors' for SGD (their README has 3); they use 1 for AdamW.</param>
    /// <remarks>Weight decay is the base optimizer's own. The authors' SGD decays the perturbed weights and their AdamW decays after its step: set
    /// <see cref="SharpnessAwareOptions.Combiner"/> to <see cref="PerturbedDecay"/> or <see cref="LateDecay"/>, and the base's to 0, for their numbers.</remarks>
    public static SharpnessAwareOptions MomentumSam(double rho = 0.3) => new() { Rho = rho, Direction = new MomentumDirection() };

    /// <summary>SAMPa (Xie, Pethick, Cevher, 2024) over SGD: see <see cref="LookAheadGradient"/>, also for which batch goes where.</summary>
    /// <param name="rho">The radius. Default 0.1 (the official script).</param>
    /// <param name="lambda">The share of the gradient at the look-ahead point. Default 0.2 (the official script).</param>
    public static SharpnessAwareOptions Sampa(double rho = 0.1, double lambda = 0.2)
    {
        var direction = new StaleGradient(observes: false);
        return new() { Rho = rho, Direction = direction, Combiner = new LookAheadGradient(direction, lambda) };
    }

    /// <summary>GraphSAM (Wang et al., 2024): the gradient at w once an epoch, between them what the descents show; see <see cref="RefreshedAverage"/> and
    /// <see cref="TensorClippedGeometry"/>.</summary>
    /// <param name="stepsPerEpoch">The authors take the gradient anew in the first step of each epoch.</param>
    /// <param name="epochsPerDecay">After how many epochs the radius shrinks (lambda). The official code has no default.</param>
    /// <param name="rho">The radius, and the most that one tensor is moved. Default 0.05 (the official code).</param>
    /// <param name="beta">What the direction keeps of itself in a step. Default 0.99 (the official code).</param>
    /// <param name="gamma">The radius is rho gamma^floor(epoch / lambda). Default 0.5 (the official code, which multiplies the shrunken radius by gamma^(epoch / lambda) again and again).</param>
    public static SharpnessAwareOptions GraphSam(int stepsPerEpoch, int epochsPerDecay, double rho = 0.05, double beta = 0.99, double gamma = 0.5) => new()
    {
        Rho = rho,
        Direction = new RefreshedAverage(stepsPerEpoch, beta),
        Geometry = new TensorClippedGeometry(),
        Radius = RadiusSchedule.Decaying(gamma, (long)stepsPerEpoch * Check.Positive(epochsPerDecay)),
    };
}
