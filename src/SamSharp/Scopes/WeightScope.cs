using SamSharp.Kernels;
using SamSharp.Parameters;
using static TorchSharp.torch;

namespace SamSharp.Scopes;

/// <summary>
/// Perturbs weights, and puts them back bit for bit. A large weight that is alone in its storage is not copied at all: the perturbed weights are written into a buffer, and
/// the parameter is given the buffer's storage until it gets its own back. Small ones, and views of larger buffers, which would not follow such an exchange, are
/// copied and perturbed in place. The buffers, one copy of the perturbed parameters, are made when first needed and then kept.
/// </summary>
internal sealed class WeightScope(ITensorListKernels kernels) : IDisposable
{
    private readonly List<ParameterSlot> _exchanged = [];
    private readonly List<ParameterSlot> _copied = [];
    private readonly HashSet<ParameterSlot> _owners = [];

    /// <summary>Whether any weights are away from where they belong.</summary>
    public bool IsOpen => _exchanged.Count + _copied.Count > 0;

    /// <summary>Lets <paramref name="perturb"/> write the lists' perturbed weights into their results, and makes these the weights.
    /// May be called again before they are restored: the weights then move on from where they are.</summary>
    public void Move(IReadOnlyList<TensorList> lists, Action perturb)
    {
        var exchange = new List<ParameterSlot>();
        foreach (var list in lists)
        {
            var unsaved = list.Slots.Where(slot => !slot.IsSaved).ToArray();
            var buffers = Array.ConvertAll(unsaved, BufferOf);
            if (list.IsExchangeable && unsaved.Length == list.Slots.Count)
            {
                list.Results = buffers;
                exchange.AddRange(unsaved);
            }
            else
            {
                list.Results = list.Weights;
                kernels.Copy(buffers, Array.ConvertAll(unsaved, Tensor (slot) => slot.Parameter));
                _copied.AddRange(unsaved);
                foreach (var slot in unsaved) slot.IsSaved = true;
            }
        }

        perturb();
        foreach (var slot in exchange)
        {
            Exchange(slot);
            slot.IsSaved = true;
            _exchanged.Add(slot);
        }
    }

    /// <summary>Puts every weight back.</summary>
    public void Restore()
    {
        foreach (var slot in _exchanged) Exchange(slot);
        kernels.Copy(_copied.Select(Tensor (slot) => slot.Parameter).ToArray(), _copied.Select(slot => slot.Buffer!).ToArray());
        foreach (var slot in _exchanged.Concat(_copied)) slot.IsSaved = false;
        _exchanged.Clear();
        _copied.Clear();
    }

    /// <summary>Restores, and frees the buffers.</summary>
    public void Dispose()
    {
        Restore();
        foreach (var slot in _owners)
        {
            slot.Buffer?.Dispose();
            slot.Buffer = null;
        }
        _owners.Clear();
    }

    /// <summary>The parameter gets the buffer's storage and the buffer the parameter's; the parameter stays the same leaf to autograd.</summary>
    private static void Exchange(ParameterSlot slot)
    {
        using var noGradient = no_grad();
        using var own = slot.Parameter.detach();
        slot.Parameter.set_(slot.Buffer!);
        slot.Buffer!.set_(own);
    }

    private Tensor BufferOf(ParameterSlot slot)
    {
        _owners.Add(slot);
        using var noGradient = no_grad();
        return slot.Buffer ??= empty_like(slot.Parameter).DetachFromDisposeScope();
    }
}
