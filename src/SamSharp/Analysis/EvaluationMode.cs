using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp.Analysis;

/// <summary>Holds a model in evaluation mode with frozen running statistics; afterwards each module returns to its previous mode.</summary>
internal sealed class EvaluationMode : IDisposable
{
    private readonly nn.Module _model;
    private readonly Dictionary<nn.Module, bool> _modes = new(ReferenceEqualityComparer.Instance);
    private readonly RunningStatistics _statistics;

    public EvaluationMode(nn.Module model)
    {
        _model = model;
        Remember(model);
        using var scope = NewDisposeScope();
        _statistics = new RunningStatistics(model);
        _statistics.Save();
        model.eval();
    }

    public void Dispose()
    {
        using var scope = NewDisposeScope();
        _statistics.Dispose();
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
