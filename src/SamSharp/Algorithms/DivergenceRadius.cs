using SamSharp.Steps;
using static TorchSharp.torch.optim;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// TRAM's radius: how far the model's predictions have moved from a target's sets how far the ascent reaches, rho d, so that e = rho d g / ||g||
/// (Sherborne, Saphra, Dasigi, Peng, "TRAM: Bridging Trust Regions and Sharpness Aware Minimization", 2024). It waits for the device once a step, to read d.
/// </summary>
/// <remarks>The paper's rule. The published code (tomsherborne/tram_optimizer) multiplies by ones, or w^2, where the gradient should be; that is not followed.
/// A divergence that is negative (by rounding) or not finite counts as 0: a plain step.</remarks>
/// <param name="divergence">Gives d for the batch of the step, at the weights as they are: see <see cref="Divergence"/>. Called once a step after the first pass, with gradients off;
/// for a single forward pass more let it reuse the logits that the closure has just computed.</param>
public sealed class DivergenceRadius(Func<Tensor> divergence) : IRadiusSchedule
{
    private readonly Func<Tensor> _divergence = divergence ?? throw new ArgumentNullException(nameof(divergence));
    private FirstPass? _pass;
    private double _value;

    /// <inheritdoc/>
    public double At(StepInfo info, double rho) => rho;

    /// <inheritdoc/>
    public double After(StepInfo info, double radius, FirstPass measured)
    {
        if (!ReferenceEquals(_pass, measured)) (_pass, _value) = (measured, Measure());
        return radius * _value;
    }

    /// <inheritdoc/>
    public string? Objection(SharpnessAwareOptions options, Optimizer baseOptimizer)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.Direction.NeedsGradients(1) ? null
            : $"{nameof(DivergenceRadius)} measures after the pass at w, which {options.Direction.GetType().Name} does not make. Use a direction that follows the gradient.";
    }

    private double Measure()
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var value = _divergence().to(ScalarType.Float64).item<double>();
        return double.IsFinite(value) && value > 0 ? value : 0;
    }
}
