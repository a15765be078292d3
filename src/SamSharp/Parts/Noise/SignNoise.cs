using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>Independent signs, 1 or -1 with equal probability (Rademacher), as Hutchinson's estimators want them.</summary>
/// <param name="seed">As for <see cref="GaussianNoise"/>. Default 0.</param>
public sealed class SignNoise(long seed = 0) : INoise
{
    /// <inheritdoc/>
    public Tensor Sample(ParameterSlot slot, long number, int draw)
    {
        ArgumentNullException.ThrowIfNull(slot);
        using var generator = CounterRandom.GeneratorFor(slot, seed, number, draw);
        return randint(0, 2, slot.Parameter.shape, dtype: slot.Parameter.dtype, device: slot.Parameter.device, generator: generator).mul_(2).sub_(1);
    }
}
