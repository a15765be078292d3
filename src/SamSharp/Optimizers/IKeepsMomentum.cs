using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Optimizers;

/// <summary>A base optimizer that knows which of its tensors is its momentum, and what its next step does with it.</summary>
internal interface IKeepsMomentum
{
    /// <summary>Whether every param group keeps one.</summary>
    bool HasMomentum { get; }

    /// <summary>The parameter's current momentum; null before the first step that reached it.</summary>
    Tensor? MomentumOf(Parameter parameter);

    /// <summary>What the next step of a group does; null if it is not linear in gradient, weights and momentum.</summary>
    LinearStep? NextStep(ParamGroup group);

    /// <summary>The momentum of an optimizer, including TorchSharp's optimizers; null if nothing is known about it.</summary>
    static IKeepsMomentum? Of(optim.Optimizer optimizer) => optimizer as IKeepsMomentum ?? TorchMomentum.Of(optimizer);
}

/// <summary>A step of gradient descent: with gradient g and momentum b it moves the weights w by -lr (g + WeightDecay w + Momentum
/// b).</summary>
internal readonly record struct LinearStep(double Momentum, double WeightDecay);
