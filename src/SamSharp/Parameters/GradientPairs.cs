using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>The parameters of a list that both passes have reached, with their two gradients, in order.</summary>
/// <param name="Slots">The parameters.</param>
/// <param name="AtWeights">The gradients at w.</param>
/// <param name="AtPerturbed">The gradients at w + e, which the parameters hold.</param>
public readonly record struct GradientPairs(IReadOnlyList<ParameterSlot> Slots, Tensor[] AtWeights, Tensor[] AtPerturbed);
