using SamSharp.Checkpoints;
using SamSharp.Parameters;
using SamSharp.Recipes;
using static TorchSharp.torch;

namespace SamSharp.Masks;

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
