using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>Random vectors for perturbations. A noise has no state: the same arguments give the same vectors, even after a resume.</summary>
[InDisposeScope]
public interface INoise
{
    /// <summary>The noise for a parameter, in its shape and dtype, on its device. The optimizer frees it.</summary>
    /// <param name="parameter">The parameter.</param>
    /// <param name="number">The step's number, from 1.</param>
    /// <param name="draw">The index of the draw within the step, from 0.</param>
    Tensor Sample(ParameterSlot parameter, long number, int draw);
}
