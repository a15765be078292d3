using SamSharp.Steps;
using static TorchSharp.torch.optim;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>A mask that is kept from step to step, and in checkpoints. Parameters that it does not know yet are perturbed whole.</summary>
public abstract class KeptMask : IElementMask, IDisposable
{
    private protected KeptMask()
    {
    }

    /// <summary>The masks themselves.</summary>
    private protected SlotTensors Masks { get; } = new();

    /// <summary>The mask of a parameter, or null while it has none.</summary>
    public Tensor? Find(ParameterSlot slot) => Masks.Find(slot);

    /// <summary>Whether it is made of the gradients at w.</summary>
    private protected virtual bool IsOfGradients => false;

    /// <inheritdoc/>
    public string? Objection(SharpnessAwareOptions options, Optimizer baseOptimizer)
    {
        ArgumentNullException.ThrowIfNull(options);
        // A direction that takes the gradient now and then does not do so in its second step.
        return !IsOfGradients || options.Combiner.NeedsAscentGradients || options.CompareGradients || (options.Direction.NeedsGradients(1) && options.Direction.NeedsGradients(2))
            ? null
            : $"{GetType().Name} is made of the gradients at w, which {options.Direction.GetType().Name} does not take in every step. Use another direction or mask.";
    }

    /// <inheritdoc/>
    public Tensor[] MaskOf(TensorList list)
    {
        ArgumentNullException.ThrowIfNull(list);
        return Masks.Of(list.Slots, slot => ones_like(slot.Parameter, requires_grad: false));
    }

    /// <inheritdoc/>
    public virtual void Prepare(Ascent ascent)
    {
    }

    /// <inheritdoc/>
    public virtual void Review(Ascent ascent)
    {
    }

    /// <inheritdoc/>
    public virtual void Exchange(PartState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        state.Tensors("mask", Masks);
    }

    /// <summary>Frees the masks. The optimizer does this itself.</summary>
    public void Dispose()
    {
        Masks.Dispose();
        GC.SuppressFinalize(this);
    }
}
