using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>
/// Keeps the running statistics of a module's batch and instance normalization as the first pass left them, whatever the second does: they
/// describe the network at its weights, not at perturbed ones, and move once per step. A step that throws or is skipped leaves them as it found them.
/// </summary>
internal sealed class RunningStatistics : IDisposable
{
    private readonly NormBase[] _layers;
    private Tensor?[] _start = [], _kept = []; // one for each of Buffers(); null where a layer has no such statistic
    private bool _isKept;

    public RunningStatistics(nn.Module? module) => _layers = module is null ? []
        : module.modules().Append(module).OfType<NormBase>().Where(layer => layer.track_running_stats).Distinct().ToArray();

    /// <summary>Remembers the statistics as a step finds them.</summary>
    public void Begin() => Hold(ref _start);

    /// <summary>Remembers the statistics as they are now, for <see cref="Restore"/>.</summary>
    public void Save()
    {
        Hold(ref _kept);
        _isKept = true;
    }

    /// <summary>Restores the saved statistics in place; does nothing if none are saved.</summary>
    public void Restore()
    {
        if (!_isKept) return;
        Copy(from: _kept, to: Buffers());
        _isKept = false;
    }

    /// <summary>Restores the statistics in place as the step found them.</summary>
    public void Rollback() => Copy(from: _start, to: Buffers());

    public void Dispose()
    {
        Restore();
        foreach (var held in _start.Concat(_kept)) held?.Dispose();
        _start = _kept = [];
    }

    private void Hold(ref Tensor?[] held)
    {
        using var noGradient = no_grad();
        var buffers = Buffers();
        if (held.Length == 0) held = new Tensor?[buffers.Length];
        for (var i = 0; i < buffers.Length; i++)
        {
            if (buffers[i] is { } buffer && held[i] is { } copy && copy.dtype == buffer.dtype && Restoration.Fits(copy, buffer))
            {
                copy.copy_(buffer);
                continue;
            }
            held[i]?.Dispose();
            held[i] = buffers[i]?.clone().DetachFromDisposeScope();
        }
    }

    private static void Copy(Tensor?[] from, Tensor?[] to)
    {
        using var noGradient = no_grad();
        foreach (var (copy, buffer) in from.Zip(to))
        {
            if (copy is not null && buffer is not null) Restoration.PutBack(buffer, copy);
        }
    }

    private Tensor?[] Buffers() =>
        _layers.SelectMany(layer => new[] { layer.running_mean, layer.running_var, layer.num_batches_tracked }).ToArray();
}
