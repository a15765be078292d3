using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>Keeps masks in the memory of their part.</summary>
internal static class MaskMemory
{
    public const string Mask = "mask";

    /// <summary>The masks of a bucket's parameters, in order, with ones for a parameter that has none yet.</summary>
    public static Tensor[] MaskOf(IElementMask mask, Ascent ascent, ParameterBucket bucket)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        ArgumentNullException.ThrowIfNull(bucket);
        var memory = ascent.MemoryOf(mask);
        return bucket.Parameters.Select(parameter => memory.Find(Mask, parameter) ?? ones_like(parameter.Parameter, requires_grad: false)).ToArray();
    }

    /// <summary>Objects to directions that skip gradients, since a mask made of gradients needs the gradients at w in every step.</summary>
    public static string? ObjectionToGradients(IElementMask mask, SharpnessAwareOptions options)
    {
        // A direction that takes the gradient only now and then skips it in its second step.
        var hasGradients = options.Combiner.NeedsAscentGradients || options.CompareGradients
            || (options.Direction.NeedsGradients(1) && options.Direction.NeedsGradients(2));
        return hasGradients ? null
            : $"{mask.GetType().Name} is made of the gradients at w, which {options.Direction.GetType().Name} does not take in every step. " +
                "Use another direction or mask.";
    }
}
