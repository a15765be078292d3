using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>Which single weights are perturbed, see <see cref="MaskedGeometry"/>.</summary>
public interface IElementMask : IRecipePart
{
    /// <summary>Called before each ascent, with the lists' gradients; may make the mask anew for it. Default: nothing.</summary>
    void Prepare(Ascent ascent)
    {
    }

    /// <summary>The masks of a list's parameters, in order: 1 where a weight is perturbed and 0 where not, in the weights' dtype and shape.</summary>
    Tensor[] MaskOf(TensorList list);

    /// <summary>Called after each ascent, with the perturbed weights in the lists' results; may make the mask anew for the next. Default: nothing.</summary>
    void Review(Ascent ascent)
    {
    }
}
