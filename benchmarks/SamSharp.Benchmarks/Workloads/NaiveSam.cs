using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.optim;

namespace SamSharp.Benchmarks.Workloads;

/// <summary>SAM as it is usually written down, straight from the formulas, one tensor at a time: what there is to compare with, not to use.</summary>
internal sealed class NaiveSam(Parameter[] parameters, Optimizer baseOptimizer, double rho = 0.05)
{
    private readonly Dictionary<Parameter, Tensor> _saved = [];

    /// <summary>w := w + rho g / (||g|| + 1e-12), and no gradients left.</summary>
    public void Ascend()
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var scale = stack(parameters.Select(parameter => parameter.grad!.norm())).norm().Plus(1e-12).DividedInto(rho);
        foreach (var parameter in parameters)
        {
            _saved[parameter] = parameter.clone().DetachFromDisposeScope();
            parameter.IncreaseBy(parameter.grad! * scale);
            parameter.grad = null;
        }
    }

    /// <summary>Puts the weights back.</summary>
    public void Restore()
    {
        using var noGradient = no_grad();
        foreach (var parameter in parameters)
        {
            parameter.copy_(_saved[parameter]);
            _saved[parameter].Dispose();
        }
        _saved.Clear();
    }

    /// <summary>Puts the weights back, and lets the base optimizer step.</summary>
    public void Descend()
    {
        Restore();
        baseOptimizer.step();
    }
}
