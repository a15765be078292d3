using static TorchSharp.torch;

namespace SamSharp.Analysis;

/// <summary>Seeded random vectors from a separate generator on the CPU: they are the same on every device,
/// and no other random numbers change.</summary>
internal sealed class RandomVectors(ulong seed) : IDisposable
{
    private readonly Generator _generator = new(seed);

    /// <summary>Independent standard normal elements.</summary>
    public WeightVector Normal(LossSurface surface) => Draw(surface, shape => randn(shape, dtype: ScalarType.Float64, generator: _generator));

    /// <summary>Independent elements, uniform in [-1, 1).</summary>
    public WeightVector Uniform(LossSurface surface) =>
        Draw(surface, shape => rand(shape, dtype: ScalarType.Float64, generator: _generator).MultiplyBy(2).DecreaseBy(1));

    /// <summary>Independent elements, 1 or -1 with equal probability.</summary>
    public WeightVector Rademacher(LossSurface surface) =>
        Draw(surface, shape => randint(0, 2, shape, dtype: ScalarType.Float64, generator: _generator).MultiplyBy(2).DecreaseBy(1));

    public void Dispose() => _generator.Dispose();

    private static WeightVector Draw(LossSurface surface, Func<long[], Tensor> draw)
    {
        using var zero = surface.Zero();
        return zero.Select(tensor => draw(tensor.shape));
    }
}
