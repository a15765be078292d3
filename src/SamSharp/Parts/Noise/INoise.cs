using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>Random vectors for perturbations. They have no state: the same question has the same answer, after a resume too.</summary>
[InDisposeScope]
public interface INoise
{
    /// <summary>The noise for a parameter: of its shape and dtype, on its device. Freed by the optimizer.</summary>
    /// <param name="parameter">The parameter.</param>
    /// <param name="number">The step's number, from 1.</param>
    /// <param name="draw">Which of the step's draws, from 0.</param>
    Tensor Sample(ParameterSlot parameter, long number, int draw);
}
