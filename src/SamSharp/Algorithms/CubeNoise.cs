using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>Independent numbers, each uniform from -halfWidth to halfWidth.</summary>
public sealed class CubeNoise : INoise
{
    private readonly double _halfWidth;
    private readonly long _seed;

    /// <summary>Noise of the given width.</summary>
    /// <param name="halfWidth">Half the length of the cube's edges.</param>
    /// <param name="seed">As for <see cref="GaussianNoise"/>. Default 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">The width is negative or not finite.</exception>
    public CubeNoise(double halfWidth, long seed = 0)
    {
        _halfWidth = Check.NonNegative(halfWidth);
        _seed = seed;
    }

    /// <inheritdoc/>
    public Tensor Sample(ParameterSlot slot, long number, int draw)
    {
        ArgumentNullException.ThrowIfNull(slot);
        using var generator = CounterRandom.GeneratorFor(slot, _seed, number, draw);
        return rand(slot.Parameter.shape, slot.Parameter.dtype, slot.Parameter.device, generator: generator).sub_(0.5).mul_(2 * _halfWidth);
    }
}
