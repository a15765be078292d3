using SamSharp.Kernels;
using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>
/// Perturbs weights, and puts them back bit for bit. A large weight that is alone in its storage is not copied at all: the perturbed weights are
/// written into a buffer, and the parameter temporarily points to the buffer's storage. Small weights, and views of larger buffers, which would not
/// follow such an exchange, are copied and perturbed in place. The buffers, one copy of the perturbed parameters, are created when first needed and
/// then kept.
/// </summary>
internal sealed class WeightScope(ITensorListKernels kernels) : IDisposable
{
    private readonly List<ParameterSlot> _exchanged = [];
    private readonly List<(ParameterSlot[] Slots, Tensor[] Weights, Tensor[] Copies)> _copied = [];
    private readonly List<ParameterSlot> _owners = [];

    /// <summary>Whether any weights are perturbed.</summary>
    public bool IsOpen => _exchanged.Count + _copied.Count > 0;

    /// <summary>Lets <paramref name="perturb"/> write the lists' perturbed weights into their results, and makes these the weights.
    /// It may be called again before the weights are restored; they then move on from where they are.</summary>
    public void Move(IReadOnlyList<ParameterBucket> lists, Action perturb)
    {
        var atHome = _exchanged.Count;
        try
        {
            foreach (var list in lists) Prepare(list);
            perturb();
        }
        catch
        {
            // Nothing has been exchanged yet; what was copied is restored with the rest.
            _exchanged.RemoveRange(atHome, _exchanged.Count - atHome);
            throw;
        }

        using var noGradient = no_grad();
        for (var i = atHome; i < _exchanged.Count; i++) _exchanged[i].LeaveHome();
        Autocast.DropCopies();
    }

    /// <summary>Puts every weight back, whatever a closure has made of it; one that has been disposed is left out.</summary>
    public void Restore()
    {
        if (!IsOpen) return;
        using var noGradient = no_grad();
        foreach (var slot in _exchanged) slot.ReturnHome();
        foreach (var (slots, weights, copies) in _copied)
        {
            if (weights.Zip(copies).All(pair => Restoration.Fits(pair.First, pair.Second))) kernels.Copy(weights, copies);
            else Restoration.PutBack(weights, copies);
            foreach (var slot in slots) slot.IsSaved = false;
        }
        _exchanged.Clear();
        _copied.Clear();
        Autocast.DropCopies();
    }

    /// <summary>Restores, and frees the buffers.</summary>
    public void Dispose()
    {
        Restore();
        foreach (var slot in _owners) slot.DisposeBuffer();
        _owners.Clear();
    }

    /// <summary>Decides where the list's results go: into buffers if none of its weights is saved already; else in place, after the unsaved weights
    /// are copied.</summary>
    private void Prepare(ParameterBucket list)
    {
        var slots = list.Parameters.ToArray();
        var unsaved = Array.Exists(slots, slot => slot.IsSaved) ? Array.FindAll(slots, slot => !slot.IsSaved) : slots;
        var buffers = Array.ConvertAll(unsaved, BufferOf);
        if (list.IsExchangeable && unsaved == slots)
        {
            list.Results = buffers;
            _exchanged.AddRange(slots);
            return;
        }

        list.Results = list.Weights;
        if (unsaved.Length == 0) return;
        var weights = unsaved == slots ? list.Weights : Array.ConvertAll(unsaved, Tensor (slot) => slot.Parameter);
        kernels.Copy(buffers, weights);
        _copied.Add((unsaved, weights, buffers));
        foreach (var slot in unsaved) slot.IsSaved = true;
    }

    private Tensor BufferOf(ParameterSlot slot)
    {
        if (slot.Buffer is { } made) return made;
        _owners.Add(slot);
        using var noGradient = no_grad();
        return slot.Buffer = empty_like(slot.Parameter).DetachFromDisposeScope();
    }
}
