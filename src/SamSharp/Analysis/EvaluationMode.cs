using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp.Analysis;

/// <summary>Holds a model in evaluation mode with frozen running statistics; afterwards each module returns to its previous mode.</summary>
internal sealed class EvaluationMode : IDisposable
{
    private readonly ModuleModes _modes;
    private readonly RunningStatistics _statistics;

    public EvaluationMode(nn.Module model)
    {
        _modes = new ModuleModes(model);
        using var scope = NewDisposeScope();
        _statistics = new RunningStatistics(model);
        _statistics.Save();
        model.eval();
    }

    public void Dispose()
    {
        using var scope = NewDisposeScope();
        _statistics.Dispose();
        _modes.Dispose();
    }
}
