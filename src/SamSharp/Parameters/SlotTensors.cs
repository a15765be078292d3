using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>One tensor per parameter that lives from step to step: an average, a mask, the last gradient. Made when first asked for, detached from
/// every dispose scope, freed with <see cref="Dispose"/>.</summary>
internal sealed class SlotTensors : IDisposable
{
    private readonly Dictionary<int, Tensor> _tensors = [];

    /// <summary>Whether there is none yet.</summary>
    public bool IsEmpty => _tensors.Count == 0;

    internal IReadOnlyDictionary<int, Tensor> ByIndex => _tensors;

    /// <summary>The parameter's tensor, or null while it has none.</summary>
    public Tensor? Find(ParameterSlot slot)
    {
        ArgumentNullException.ThrowIfNull(slot);
        return _tensors.GetValueOrDefault(slot.Index);
    }

    /// <summary>The tensors of some parameters, in order; those that do not exist yet are made of zeros, as large as the weights.</summary>
    public Tensor[] Of(IReadOnlyList<ParameterSlot> slots) => Of(slots, slot => zeros_like(slot.Parameter, requires_grad: false));

    /// <summary>The tensors of some parameters, in order; those that do not exist yet are made.</summary>
    /// <param name="slots">Which parameters.</param>
    /// <param name="initial">Makes a parameter's tensor, as a tensor of its own; called without recording gradients.</param>
    public Tensor[] Of(IReadOnlyList<ParameterSlot> slots, Func<ParameterSlot, Tensor> initial)
    {
        ArgumentNullException.ThrowIfNull(slots);
        ArgumentNullException.ThrowIfNull(initial);
        using var noGradient = no_grad();
        var tensors = new Tensor[slots.Count];
        for (var i = 0; i < tensors.Length; i++)
            tensors[i] = _tensors.GetValueOrDefault(slots[i].Index) ?? Put(slots[i], initial(slots[i]));
        return tensors;
    }

    /// <summary>Gives a parameter a tensor in place of the one it had, and takes it over.</summary>
    /// <returns>The tensor.</returns>
    public Tensor Put(ParameterSlot slot, Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(slot);
        ArgumentNullException.ThrowIfNull(tensor);
        if (_tensors.Remove(slot.Index, out var before) && !ReferenceEquals(before, tensor)) before.Dispose();
        return _tensors[slot.Index] = tensor.DetachFromDisposeScope();
    }

    /// <summary>Takes copies of saved tensors in place of all that are here.</summary>
    internal void Replace(IReadOnlyDictionary<int, Tensor> tensors, Func<int, Device> deviceOf)
    {
        Dispose();
        foreach (var (index, tensor) in tensors) _tensors[index] = tensor.to(tensor.dtype, deviceOf(index), copy: true).DetachFromDisposeScope();
    }

    /// <summary>Frees every tensor; the next that is asked for is made anew.</summary>
    public void Dispose()
    {
        foreach (var tensor in _tensors.Values) tensor.Dispose();
        _tensors.Clear();
    }
}
