using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>Remembers which modules of a model are in training mode; once disposed, each is as before.</summary>
internal sealed class ModuleModes : IDisposable
{
    private readonly nn.Module _model;
    private readonly Dictionary<nn.Module, bool> _modes = new(ReferenceEqualityComparer.Instance);

    public ModuleModes(nn.Module model)
    {
        _model = model;
        Remember(model);
    }

    public void Dispose() => Restore();

    /// <summary>Sets each module to the mode it had.</summary>
    public void Restore()
    {
        using var scope = NewDisposeScope();
        Restore(_model);
    }

    private void Remember(nn.Module module)
    {
        _modes[module] = module.training;
        foreach (var child in module.children()) Remember(child);
    }

    /// <summary>A module sets its children's mode with its own, so these come after it.</summary>
    private void Restore(nn.Module module)
    {
        if (_modes.TryGetValue(module, out var training)) module.train(training);
        foreach (var child in module.children()) Restore(child);
    }
}
