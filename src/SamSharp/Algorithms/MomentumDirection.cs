using SamSharp.Optimizers;
using SamSharp.Steps;
using static TorchSharp.torch.optim;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// Momentum-SAM's direction, against the base optimizer's momentum v (SGD's buffer, Adam's first moment): e = -rho v / ||v||, ahead along the coming update, so that a step
/// has one pass alone (Becker, Altrock, Risse, "Momentum-SAM: Sharpness Aware Minimization without Computational Overhead", 2024; MarlonBecker/MSAM). While there is no
/// momentum, e is 0.
/// </summary>
/// <remarks>The authors leave the weights perturbed between steps and move them back for an evaluation. Here they are perturbed within the step alone: the gradients are taken
/// at the same points, and an evaluation needs nothing. It keeps no state of its own.</remarks>
public sealed class MomentumDirection : IDirection
{
    /// <inheritdoc/>
    public bool NeedsGradients(long number) => false;

    /// <inheritdoc/>
    public string? Objection(SharpnessAwareOptions options, Optimizer baseOptimizer) => BaseMomentum.IsKept(baseOptimizer)
        ? null
        : $"{nameof(MomentumDirection)} follows the base optimizer's momentum, and {baseOptimizer.GetType().Name} keeps none. Use an SGD with momentum, or one of the Adam family.";

    /// <inheritdoc/>
    public void Aim(Ascent ascent)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        var momentum = BaseMomentum.Of(ascent.BaseOptimizer);
        foreach (var list in ascent.Lists)
        {
            list.Direction = list.Slots.Select(slot => momentum.Find(slot) is { } v
                ? v.neg().to(slot.Parameter.dtype)
                : zeros_like(slot.Parameter, requires_grad: false)).ToArray();
        }
    }
}
