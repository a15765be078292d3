using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>Copies of tensors that a step changes before the base optimizer's turn; a step that fails puts them back bit for bit.</summary>
internal sealed class KeptValues : IDisposable
{
    private readonly List<(Tensor Tensor, Tensor Copy)> _kept = [];

    /// <summary>Remembers a tensor's present values.</summary>
    public void Keep(Tensor tensor)
    {
        using var noGradient = no_grad();
        _kept.Add((tensor, tensor.clone().DetachFromDisposeScope()));
    }

    /// <summary>Puts all remembered values back.</summary>
    public void Return()
    {
        if (_kept.Count == 0) return;
        using var noGradient = no_grad();
        foreach (var (tensor, copy) in _kept) Restoration.PutBack(tensor, copy);
        Autocast.DropCopies();
    }

    /// <summary>Forgets and frees what was remembered.</summary>
    public void Dispose()
    {
        foreach (var (_, copy) in _kept) copy.Dispose();
        _kept.Clear();
    }
}
