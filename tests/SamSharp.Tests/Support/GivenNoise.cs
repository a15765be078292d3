using SamSharp.Steps;

namespace SamSharp.Tests.Support;

/// <summary>Draws that a test has chosen: one vector for each draw of a step.</summary>
[InDisposeScope]
internal sealed class GivenNoise(params double[][] draws) : INoise
{
    public Tensor Sample(ParameterSlot slot, long number, int draw) => tensor(draws[draw]).reshape(slot.Parameter.shape);
}
