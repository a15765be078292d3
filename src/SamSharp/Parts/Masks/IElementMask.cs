using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>Decides which single weights are perturbed; see <see cref="MaskedGeometry"/>.</summary>
[InDisposeScope]
public interface IElementMask : IStepPart
{
    /// <summary>Called before each ascent, with the gradients at w; may update the mask for it. Default: nothing.</summary>
    void Prepare(Ascent ascent)
    {
    }

    /// <summary>The masks of a bucket's parameters, in order: 1 where a weight is perturbed and 0
    /// elsewhere, in the weights' dtype and shape.</summary>
    Tensor[] MaskOf(Ascent ascent, ParameterBucket bucket);

    /// <summary>Called after each ascent, with the perturbed weights in the buckets' results; may update the mask for the next ascent.
    /// Default: nothing.</summary>
    void Review(Ascent ascent)
    {
    }
}
