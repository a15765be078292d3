using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>
/// Keeps the running statistics of a module's batch and instance normalisation as the first pass left them, whatever the second does:
/// they describe the network at its weights, not at perturbed ones, and move once a step.
/// </summary>
internal sealed class RunningStatistics : IDisposable
{
    private readonly NormBase[] _layers;
    private Tensor[] _saved = [];
    private bool _isOpen;

    public RunningStatistics(nn.Module? module) =>
        _layers = module is null ? [] : module.modules().Append(module).OfType<NormBase>().Where(layer => layer.track_running_stats).Distinct().ToArray();

    /// <summary>Remembers the statistics as they are now.</summary>
    public void Save()
    {
        using var noGradient = no_grad();
        var buffers = Buffers();
        if (_saved.Length == 0) _saved = Array.ConvertAll(buffers, buffer => empty_like(buffer).DetachFromDisposeScope());
        Copy(from: buffers, to: _saved);
        _isOpen = true;
    }

    /// <summary>Puts them back in place; nothing if none are remembered.</summary>
    public void Restore()
    {
        if (!_isOpen) return;
        using var noGradient = no_grad();
        Copy(from: _saved, to: Buffers());
        _isOpen = false;
    }

    public void Dispose()
    {
        Restore();
        foreach (var saved in _saved) saved.Dispose();
        _saved = [];
    }

    private static void Copy(Tensor[] from, Tensor[] to)
    {
        for (var i = 0; i < from.Length; i++) to[i].copy_(from[i]);
    }

    private Tensor[] Buffers() =>
        _layers.SelectMany(layer => new[] { layer.running_mean, layer.running_var, layer.num_batches_tracked }).OfType<Tensor>().ToArray();
}
