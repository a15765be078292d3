using SamSharp.Steps;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// Everything that training changes, as it is when this is made, to go back to as often as needed: weights and buffers, modes of the modules, state
/// of the base optimizer, what the recipe remembers, counters, the state of the CPU's random numbers. Gradients and radii come back at the end.
/// </summary>
internal sealed class StartingPoint : IDisposable
{
    private readonly SharpnessAwareOptimizer _optimizer;
    private readonly nn.Module _model;
    private readonly Parameter[] _parameters;
    private readonly Tensor[] _copies;
    private readonly Tensor?[] _gradients;
    private readonly double?[] _radii;
    private readonly ModuleModes _modes;
    private readonly OptimizerBackup _backup;

    public StartingPoint(SharpnessAwareOptimizer optimizer, nn.Module model)
    {
        (_optimizer, _model) = (optimizer, model);
        _backup = new OptimizerBackup(optimizer.Services);
        try
        {
            _backup.Take();
        }
        catch
        {
            _backup.Dispose();
            throw;
        }
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        _parameters = [.. optimizer.Parameters.Select(slot => slot.Parameter).Concat(model.parameters()).DistinctBy(parameter => parameter.Handle)];
        _copies = [.. Live().Select(tensor => tensor.detach().clone().DetachFromDisposeScope())];
        _gradients = Array.ConvertAll(_parameters, parameter => parameter.grad?.DetachFromDisposeScope());
        _radii = [.. optimizer.Groups.Select(group => group.Rho)];
        _modes = new ModuleModes(model);
    }

    /// <summary>The radii of the param groups.</summary>
    public IReadOnlyList<double?> Radii => _radii;

    /// <summary>Goes back, with no gradients.</summary>
    public void Return()
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        foreach (var (tensor, copy) in Live().Zip(_copies)) Restoration.PutBack(tensor, copy);
        foreach (var parameter in _parameters) parameter.grad = null;
        Autocast.DropCopies();
        _modes.Restore();
        _backup.Return();
    }

    /// <summary>Goes back, puts gradients and radii back too, and frees the copies.</summary>
    public void Dispose()
    {
        Return();
        for (var i = 0; i < _parameters.Length; i++)
        {
            using var gradient = _gradients[i];
            _parameters[i].grad = gradient;
        }
        for (var i = 0; i < _radii.Length; i++) _optimizer.Groups[i].Rho = _radii[i];
        _backup.Dispose();
        foreach (var copy in _copies) copy.Dispose();
    }

    private IEnumerable<Tensor> Live() => _parameters.Concat(_model.buffers());
}
