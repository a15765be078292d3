using static TorchSharp.torch;

namespace SamSharp;

/// <summary>Chooses, or weighs, the examples of a batch for the two passes of a step.</summary>
[InDisposeScope]
public interface IExampleRule
{
    /// <summary>Whether the rule needs the losses of all examples at w before the first pass, at the cost of one forward
    /// pass without gradients. Default: false.</summary>
    bool LooksFirst => false;

    /// <summary>Whether the rule needs the losses of all examples at w + e before the second pass, at the cost of one forward
    /// pass without gradients. Default: false.</summary>
    bool LooksAgain => false;

    /// <summary>The examples whose loss is climbed. Default: all.</summary>
    /// <param name="losses">The losses at w, shape [examples], without history; null unless <see cref="LooksFirst"/>.</param>
    ExampleSubset ForAscent(Tensor? losses) => default;

    /// <summary>The examples whose loss is minimized. Default: all.</summary>
    /// <param name="losses">The losses at w, shape [examples], without history; null if no pass has computed them for all
    /// examples, as in a step whose radius is 0.</param>
    /// <param name="perturbed">The losses at w + e, in the same form; null unless <see cref="LooksAgain"/>.</param>
    ExampleSubset ForDescent(Tensor? losses, Tensor? perturbed) => default;
}
