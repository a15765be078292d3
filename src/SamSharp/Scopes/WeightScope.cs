using SamSharp.Kernels;
using SamSharp.Parameters;
using static TorchSharp.torch;

namespace SamSharp.Scopes;

/// <summary>Keeps weights while they are perturbed, and puts them back bit for bit. Its buffers, one copy of the perturbed parameters, are made
/// when first needed and then kept.</summary>
internal sealed class WeightScope(ITensorListKernels kernels) : IDisposable
{
    private readonly List<(Tensor[] Weights, Tensor[] Backup)> _saved = [];
    private readonly HashSet<ParameterSlot> _owners = [];

    /// <summary>Whether any weights are away from where they belong.</summary>
    public bool IsOpen => _saved.Count > 0;

    /// <summary>Gives each list the buffers that the kernel which perturbs it is to save its weights in; null where they were saved already.</summary>
    public void Open(IReadOnlyList<TensorList> lists)
    {
        foreach (var list in lists)
        {
            var unsaved = list.Slots.Where(slot => !slot.IsSaved).ToArray();
            if (unsaved.Length == list.Slots.Count)
            {
                list.Backup = Buffers(unsaved);
                _saved.Add((list.Weights, list.Backup));
            }
            else
            {
                // A later ascent reached parameters that the first did not.
                list.Backup = null;
                var weights = Array.ConvertAll(unsaved, Tensor (slot) => slot.Parameter);
                var backup = Buffers(unsaved);
                kernels.Copy(backup, weights);
                _saved.Add((weights, backup));
            }
            foreach (var slot in unsaved) slot.IsSaved = true;
        }
    }

    /// <summary>Puts every weight back.</summary>
    public void Restore()
    {
        foreach (var (weights, backup) in _saved) kernels.Copy(weights, backup);
        _saved.Clear();
        foreach (var slot in _owners) slot.IsSaved = false;
    }

    /// <summary>Restores, and frees the buffers.</summary>
    public void Dispose()
    {
        Restore();
        foreach (var slot in _owners)
        {
            slot.Backup?.Dispose();
            slot.Backup = null;
        }
        _owners.Clear();
    }

    private Tensor[] Buffers(ParameterSlot[] slots)
    {
        using var noGradient = no_grad();
        return Array.ConvertAll(slots, slot =>
        {
            _owners.Add(slot);
            return slot.Backup ??= empty_like(slot.Parameter).DetachFromDisposeScope();
        });
    }
}
