using SamSharp.Optimizers;
using SamSharp.Steps;
using static TorchSharp.torch;
using static TorchSharp.torch.optim;

namespace SamSharp;

public static partial class Recipe
{
    /// <summary>Momentum-SAM (Becker, Altrock, Risse, 2024): climbs against the base optimizer's momentum, so that a step
    /// costs one pass and no additional memory.</summary>
    /// <param name="rho">The radius. Default 0.3, the authors' value for SGD (their README uses 3); they use 1 for AdamW.</param>
    /// <remarks>Weight decay is left to the base optimizer. The authors' SGD decays the perturbed weights, and their AdamW decays after its
    /// step. To reproduce that, set <see cref="SharpnessAwareOptions.Combiner"/> to <see cref="PerturbedDecay"/> or <see cref="LateDecay"/>
    /// and the base optimizer's decay to 0.</remarks>
    [Published("Momentum-SAM", "Becker et al. 2024", "0", "2")]
    public static SharpnessAwareOptions MomentumSam(double rho = 0.3) => new() { Rho = rho, Direction = new MomentumDirection() };
}

/// <summary>
/// Momentum-SAM's direction, against the base optimizer's momentum v (SGD's buffer, Adam's first moment): e = -rho v / |v|, which looks ahead
/// along the coming update, so that a step has a single pass (Becker, Altrock, Risse, "Momentum-SAM: Sharpness Aware Minimization without
/// Computational Overhead", 2024; MarlonBecker/MSAM). While there is no momentum, e is 0.
/// </summary>
/// <remarks>The authors leave the weights perturbed between steps and move them back for an evaluation. Here they are perturbed only within
/// the step: the gradients are taken at the same points, and an evaluation needs no special treatment.</remarks>
public sealed record MomentumDirection : IDirection
{
    /// <inheritdoc/>
    public bool NeedsGradients(long number) => false;

    /// <inheritdoc/>
    public string? Objection(SharpnessAwareOptions options, Optimizer baseOptimizer)
    {
        ArgumentNullException.ThrowIfNull(baseOptimizer);
        return IKeepsMomentum.Of(baseOptimizer) is { HasMomentum: true } ? null
            : $"{nameof(MomentumDirection)} follows the base optimizer's momentum, and {baseOptimizer.GetType().Name} keeps none. " +
                "Use an SGD with momentum, or one of the Adam family.";
    }

    /// <inheritdoc/>
    public void Aim(Ascent ascent)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        var momentum = IKeepsMomentum.Of(ascent.BaseOptimizer)!;
        foreach (var bucket in ascent.Buckets)
        {
            bucket.Direction = bucket.Parameters.Select(parameter => momentum.MomentumOf(parameter.Parameter) is { } v
                ? v.neg().to(parameter.Parameter.dtype)
                : zeros_like(parameter.Parameter, requires_grad: false)).ToArray();
        }
    }
}

/// <summary>
/// The gradient at w + e with an L2 penalty at the same point: g(w + e) + weightDecay (w + e), as in MarlonBecker/MSAM's SGD,
/// whose weights are perturbed when it decays them. Set the base optimizer's weight decay, which acts at w, to 0. In a step whose
/// radius is 0 this is g(w) + weightDecay w, as usual.
/// </summary>
/// <param name="WeightDecay">The penalty's factor, at least 0.</param>
public sealed record PerturbedDecay(double WeightDecay) : ICombiner
{
    /// <summary>The penalty's factor, at least 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or not finite.</exception>
    public double WeightDecay { get; init => field = Check.NonNegative(value, nameof(WeightDecay)); } = Check.NonNegative(WeightDecay);

    /// <inheritdoc/>
    public bool LeavesGradients => true;

    /// <inheritdoc/>
    public void Inspect(Descent descent)
    {
        ArgumentNullException.ThrowIfNull(descent);
        foreach (var bucket in descent.Buckets) descent.Accumulate(bucket.AtPerturbed, bucket.Weights, WeightDecay);
    }

    /// <inheritdoc/>
    public void Combine(Descent descent)
    {
        // Inspect added the penalty while the weights were perturbed.
    }

    /// <inheritdoc/>
    public void Plain(Descent descent)
    {
        ArgumentNullException.ThrowIfNull(descent);
        foreach (var bucket in descent.Buckets) descent.Accumulate(bucket.AtWeights, bucket.Weights, WeightDecay);
    }
}

/// <summary>
/// The gradient at w + e, with decoupled weight decay after the base optimizer's step: w = (1 - lr weightDecay) w, as in MarlonBecker/MSAM's
/// AdamW; the usual AdamW decays before its step. Set the base optimizer's weight decay to 0. Steps whose radius is 0 do not decay.
/// </summary>
/// <param name="WeightDecay">The decay, at least 0; multiplied by each param group's learning rate.</param>
public sealed record LateDecay(double WeightDecay) : ICombiner
{
    /// <summary>The decay, at least 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or not finite.</exception>
    public double WeightDecay { get; init => field = Check.NonNegative(value, nameof(WeightDecay)); } = Check.NonNegative(WeightDecay);

    /// <inheritdoc/>
    public bool ActsAfterStep => true;

    /// <inheritdoc/>
    public bool LeavesGradients => true;

    /// <inheritdoc/>
    public void Combine(Descent descent)
    {
        // The second pass left the gradient in place.
    }

    /// <inheritdoc/>
    public void AfterStep(Descent descent)
    {
        ArgumentNullException.ThrowIfNull(descent);
        foreach (var bucket in descent.Buckets)
        {
            var factor = tensor(1 - (bucket.LearningRate * WeightDecay), bucket.Accumulator, bucket.Device);
            foreach (var weight in descent.Movable(bucket)) weight.mul_(factor);
        }
    }
}
