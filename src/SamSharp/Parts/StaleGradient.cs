using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// The gradient of the step before, so that a step has one pass alone: e = rho h / ||h||, where h is what the last pass left in the parameters' gradients. Where there
/// is none yet, e is 0 ("A Single-Step Sharpness-Aware Minimization is all you need", 2024; AsyncSAM, 2025; and DP-SAT, Park, Kim, Choi, Lee, "Differentially Private
/// Sharpness-Aware Training", 2023).
/// </summary>
/// <remarks>
/// h is the gradient at w + e, the only one that a step with one pass has; which one S2-SAM means could not be verified. h is taken as the closure leaves it: a closure that
/// clips and adds noise (DP-SAT) makes the ascent follow the privatised gradient, at no cost in privacy. A parameter without gradient in a step keeps its older h. h, one
/// copy of the parameters, is kept in checkpoints; steps whose radius is 0 leave it as it is.
/// </remarks>
public sealed class StaleGradient : IDirection, IDisposable
{
    private readonly SlotTensors _last = new();

    /// <summary>A direction without history yet.</summary>
    /// <param name="observes">Whether it follows the gradients at w + e; false for <see cref="LookAheadGradient"/>, which says what is to be followed. Default: true.</param>
    public StaleGradient(bool observes = true) => Observes = observes;

    /// <summary>Whether it follows the gradients at w + e by itself.</summary>
    internal bool Observes { get; }

    /// <inheritdoc/>
    public bool NeedsGradients(long number) => false;

    /// <inheritdoc/>
    public void Aim(Ascent ascent)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        foreach (var list in ascent.Lists) list.Direction = _last.Of(list.Slots);
    }

    /// <inheritdoc/>
    public void Observe(Descent descent)
    {
        ArgumentNullException.ThrowIfNull(descent);
        if (!Observes) return;
        foreach (var list in descent.Lists) Remember(descent, list, list.Gradients);
    }

    /// <summary>Sets what the next step follows, for the parameters of a list.</summary>
    internal void Remember(Pass pass, TensorList list, Tensor[] gradients) => pass.Kernels.Copy(_last.Of(list.Slots), gradients);

    /// <summary>What the last step left for some parameters, null where there was nothing.</summary>
    internal Tensor? Find(ParameterSlot slot) => _last.Find(slot);

    /// <inheritdoc/>
    public void Exchange(PartState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        state.Tensors("last", _last);
    }

    /// <summary>Frees the gradients.</summary>
    public void Dispose() => _last.Dispose();
}
