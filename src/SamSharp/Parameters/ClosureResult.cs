using System.Diagnostics.CodeAnalysis;
using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>What a closure returns is alive.</summary>
internal static class ClosureResult
{
    /// <summary>Returns the tensor.</summary>
    /// <param name="tensor">What the closure returned.</param>
    /// <param name="what">What it should be, such as "the logits".</param>
    /// <exception cref="InvalidOperationException">It is null, or has been disposed.</exception>
    public static Tensor Require([NotNull] Tensor? tensor, string what)
    {
        if (tensor is null) throw new InvalidOperationException($"The closure returned null; it must return {what}.");
        return tensor.IsInvalid ? throw new InvalidOperationException($"The closure returned {what}, but disposed; return it alive.") : tensor;
    }
}
