using SamSharp.Steps;
using static TorchSharp.torch;
using static TorchSharp.torch.optim;

namespace SamSharp;

public static partial class Recipe
{
    /// <summary>TRAM (Sherborne et al. 2024); see <see cref="DivergenceRadius"/>.</summary>
    /// <param name="divergence">Computes the divergence d; see <see cref="DivergenceRadius"/>.</param>
    /// <param name="rho">The radius as a multiple of d. Default 1, the paper's rule.</param>
    [Published("TRAM", "Sherborne et al. 2024", "1 and the divergence's", "1")]
    public static SharpnessAwareOptions Tram(Func<Tensor> divergence, double rho = 1) =>
        new() { Rho = rho, Schedule = new DivergenceRadius(divergence) };

    /// <summary>TRAM in ASAM's geometry (the paper's weighted form), with every parameter adaptive.</summary>
    /// <param name="divergence">Computes the divergence d; see <see cref="DivergenceRadius"/>.</param>
    /// <param name="rho">The radius as a multiple of d. Default 1.</param>
    /// <param name="kappa">Added to |w|. Default 0.01, ASAM's.</param>
    [Published("TRAM on ASAM", "Sherborne et al. 2024", "1 and the divergence's", "1")]
    public static SharpnessAwareOptions AdaptiveTram(Func<Tensor> divergence, double rho = 1, double kappa = 0.01) =>
        Tram(divergence, rho) with { Geometry = new AdaptiveGeometry(kappa) };
}

/// <summary>
/// TRAM's radius rho d, where d is the divergence between the model's predictions and a target's, so that e = rho d g / |g|
/// (Sherborne, Saphra, Dasigi, Peng, "TRAM: Bridging Trust Regions and Sharpness Aware Minimization", 2024). It
/// waits for the device once per step, to read d.
/// </summary>
/// <remarks>This is the paper's rule. The published code (tomsherborne/tram_optimizer) multiplies by ones, or w^2, where the gradient should
/// be; this class does not. A divergence that is negative (by rounding) or not finite counts as 0, which makes a plain step.</remarks>
/// <param name="Divergence">Computes d for the batch of the step, at the current weights; see <see cref="Objectives"/>.
/// Called once per step after the first pass, with gradients off. To make only one more forward pass, let it reuse the
/// logits that the closure has just computed.</param>
public sealed record DivergenceRadius(Func<Tensor> Divergence) : IRadiusSchedule
{
    /// <summary>Computes d for the batch of the step, at the current weights.</summary>
    /// <exception cref="ArgumentNullException">The value is null.</exception>
    public Func<Tensor> Divergence { get; init => field = Check.Given(value, nameof(Divergence)); } = Check.Given(Divergence);

    /// <inheritdoc/>
    public double At(StepInfo info, double rho) => rho;

    /// <inheritdoc/>
    public double After(FirstPassReport first, StepInfo info, double radius)
    {
        ArgumentNullException.ThrowIfNull(first);
        return radius * first.Once(this, Measure);
    }

    /// <inheritdoc/>
    public string? Objection(SharpnessAwareOptions options, Optimizer baseOptimizer)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.Direction.NeedsGradients(1) ? null
            : $"{nameof(DivergenceRadius)} measures after the pass at w, which {options.Direction.GetType().Name} does not make. " +
                "Use a direction that follows the gradient.";
    }

    private double Measure()
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var divergence = ClosureErrors.Explain(Divergence);
        ScalarLoss.Require(divergence);
        var value = divergence.to(ScalarType.Float64).ReadDouble();
        return double.IsFinite(value) && value > 0 ? value : 0;
    }
}
