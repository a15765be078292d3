using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>Independent standard normal numbers.</summary>
/// <param name="seed">The draws follow from it, the step, the draw and the parameter's index; they differ from device to device. Default 0.</param>
public sealed class GaussianNoise(long seed = 0) : INoise
{
    /// <inheritdoc/>
    public Tensor Sample(ParameterSlot slot, long number, int draw)
    {
        ArgumentNullException.ThrowIfNull(slot);
        using var generator = CounterRandom.GeneratorFor(slot, seed, number, draw);
        return randn(slot.Parameter.shape, slot.Parameter.dtype, slot.Parameter.device, generator: generator);
    }
}
