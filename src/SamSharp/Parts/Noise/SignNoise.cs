using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>Independent signs, 1 or -1 with equal probability (Rademacher), which Hutchinson's estimators need.</summary>
/// <param name="Seed">As for <see cref="GaussianNoise"/>. Default 0.</param>
public sealed record SignNoise(long Seed = 0) : INoise
{
    /// <inheritdoc/>
    public Tensor Sample(ParameterSlot parameter, long number, int draw)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        return SeededNoise.Draw(parameter, Seed, number, draw,
        (shape, dtype, generator) => randint(0, 2, shape, dtype: dtype, generator: generator)).MultiplyBy(2).DecreaseBy(1);
    }
}
