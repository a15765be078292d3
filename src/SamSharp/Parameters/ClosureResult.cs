using System.Diagnostics.CodeAnalysis;
using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>What a closure returns is alive, and has the shape that is needed.</summary>
internal static class ClosureResult
{
    /// <summary>Returns the tensor.</summary>
    /// <param name="tensor">What the closure returned.</param>
    /// <param name="what">What it should be, such as "the logits".</param>
    /// <exception cref="InvalidOperationException">It is null, or has been disposed.</exception>
    public static Tensor Require([NotNull] Tensor? tensor, string what)
    {
        if (tensor is null) throw new InvalidOperationException($"The closure returned null; it must return {what}.");
        return tensor.IsInvalid
            ? throw new InvalidOperationException($"The closure returned {what}, but the tensor has been disposed; return it alive.")
            : tensor;
    }

    /// <summary>Returns the tensor.</summary>
    /// <param name="tensor">What the closure returned.</param>
    /// <param name="like">A tensor of the shape that is needed.</param>
    /// <param name="what">What it should be.</param>
    /// <exception cref="InvalidOperationException">It is null, has been disposed, has another shape, or is on the meta device.</exception>
    public static Tensor RequireLike([NotNull] Tensor? tensor, Tensor like, string what)
    {
        Require(tensor, what);
        if (tensor.device_type == TorchSharp.DeviceType.META)
            throw new InvalidOperationException($"The closure returned {what} on the meta device, where there are no numbers.");
        return tensor.shape.SequenceEqual(like.shape) ? tensor : throw new InvalidOperationException(
            $"The closure returned shape [{string.Join(", ", tensor.shape)}] for {what}; [{string.Join(", ", like.shape)}] is needed.");
    }
}
