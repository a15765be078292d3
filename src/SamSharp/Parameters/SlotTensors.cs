using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>One tensor per parameter that lives from step to step: an average, a mask, the last gradient. Created when first asked for, detached
/// from every dispose scope, freed with <see cref="Dispose"/>.</summary>
internal sealed class SlotTensors : IDisposable
{
    private readonly Dictionary<int, Tensor> _tensors = [];

    /// <summary>Whether there is none yet.</summary>
    public bool IsEmpty => _tensors.Count == 0;

    internal IReadOnlyDictionary<int, Tensor> ByIndex => _tensors;

    /// <summary>The parameter's tensor, or null while it has none.</summary>
    public Tensor? Find(ParameterSlot slot) => _tensors.GetValueOrDefault(slot.Index);

    /// <summary>The tensors of the given parameters, in order; a missing one is created as zeros of the weights' shape.</summary>
    public Tensor[] Of(IReadOnlyList<ParameterSlot> slots) => Of(slots, slot => zeros_like(slot.Parameter, requires_grad: false));

    /// <summary>The tensors of the given parameters, in order; a missing one is created.</summary>
    /// <param name="slots">Which parameters.</param>
    /// <param name="initial">Creates a parameter's tensor, which is taken over; called without recording gradients.</param>
    public Tensor[] Of(IReadOnlyList<ParameterSlot> slots, Func<ParameterSlot, Tensor> initial)
    {
        using var noGradient = no_grad();
        var tensors = new Tensor[slots.Count];
        for (var i = 0; i < tensors.Length; i++)
            tensors[i] = _tensors.GetValueOrDefault(slots[i].Index) ?? Put(slots[i], initial(slots[i]));
        return tensors;
    }

    /// <summary>Replaces a parameter's tensor, and takes over the new one.</summary>
    /// <returns>The tensor.</returns>
    public Tensor Put(ParameterSlot slot, Tensor tensor)
    {
        if (_tensors.Remove(slot.Index, out var before) && !ReferenceEquals(before, tensor)) before.Dispose();
        return _tensors[slot.Index] = tensor.DetachFromDisposeScope();
    }

    /// <summary>Replaces all tensors with copies of saved ones.</summary>
    internal void Replace(IReadOnlyDictionary<int, Tensor> tensors, Func<int, Device> deviceOf)
    {
        Dispose();
        foreach (var (index, tensor) in tensors) _tensors[index] = tensor.to(tensor.dtype, deviceOf(index), copy: true).DetachFromDisposeScope();
    }

    /// <summary>Frees every tensor; later requests create new ones.</summary>
    public void Dispose()
    {
        foreach (var tensor in _tensors.Values) tensor.Dispose();
        _tensors.Clear();
    }
}
