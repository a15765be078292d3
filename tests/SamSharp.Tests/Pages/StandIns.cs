using TorchSharp.Modules;

namespace SamSharp.Tests.Pages;

/// <summary>What the snippets that are no whole programs take for granted, see the first lines of USAGE.md. They are compiled, not run.</summary>
public abstract class StandIns
{
    protected abstract Tensor x { get; }

    protected abstract Tensor y { get; }

    protected abstract Sequential model { get; }

    protected abstract Linear encoder { get; }

    protected abstract Linear head { get; }

    protected abstract optim.Optimizer baseOptimizer { get; }

    protected abstract optim.Optimizer anotherOptimizer { get; }

    protected abstract SharpnessAwareOptimizer optimizer { get; }

    protected abstract LoraAdapters adapters { get; }

    protected abstract IReadOnlyList<(Tensor X, Tensor Y)> parts { get; }

    protected abstract IReadOnlyList<Func<Tensor>> tasks { get; }

    protected abstract int steps { get; }

    protected abstract Tensor Loss(Tensor prediction, Tensor y);

    /// <summary>As the page writes it out once.</summary>
    protected abstract Tensor Backward(Tensor x, Tensor y);

    protected abstract void Evaluate(Sequential model);
}
