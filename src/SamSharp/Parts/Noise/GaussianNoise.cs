using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>Independent standard normal numbers.</summary>
/// <param name="Seed">Together with the step, the draw and the parameter's index it determines the
/// numbers, the same on every device. Default 0.</param>
public sealed record GaussianNoise(long Seed = 0) : INoise
{
    /// <inheritdoc/>
    public Tensor Sample(ParameterSlot parameter, long number, int draw)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        return SeededNoise.Draw(parameter, Seed, number, draw, (shape, dtype, generator) => randn(shape, dtype, generator: generator));
    }
}
