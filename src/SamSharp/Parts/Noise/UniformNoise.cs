using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>Independent uniform numbers in [0, 1), float32 or better.</summary>
internal sealed record UniformNoise(long Seed) : INoise
{
    /// <inheritdoc/>
    public Tensor Sample(ParameterSlot parameter, long number, int draw) => SeededNoise.Draw(parameter, Seed, number, draw,
        (shape, dtype, generator) => rand(shape, ParameterBucket.AccumulatorOf(dtype), generator: generator));
}
