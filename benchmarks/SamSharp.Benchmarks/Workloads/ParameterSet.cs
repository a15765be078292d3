using SamSharp.Benchmarks.Shapes;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Benchmarks.Workloads;

/// <summary>Parameters with random values, and a gradient for each that can be put in place as often as wanted, for next to nothing.</summary>
internal sealed class ParameterSet : IDisposable
{
    private readonly Tensor[] _gradients;

    public ParameterSet(ShapeSet shapes, Device? device = null, ScalarType dtype = ScalarType.Float32) : this(shapes.ParameterShapes(), device, dtype)
    {
    }

    /// <param name="shapes">The parameters' shapes.</param>
    /// <param name="device">Where they are; null for the CPU.</param>
    /// <param name="dtype">Of parameters and gradients.</param>
    public ParameterSet(IEnumerable<long[]> shapes, Device? device = null, ScalarType dtype = ScalarType.Float32)
    {
        using var generator = new Generator(1);
        Parameters = shapes.Select(shape => new Parameter(Random(shape, 0.05))).ToArray();
        _gradients = Parameters.Select(parameter => Random(parameter.shape, 0.01)).ToArray();
        Elements = Parameters.Sum(parameter => parameter.NumberOfElements);

        Tensor Random(long[] shape, double deviation)
        {
            using var drawn = randn(shape, generator: generator);
            return drawn.MultiplyBy(deviation).to(dtype, device ?? CPU);
        }
    }

    public Parameter[] Parameters { get; }

    /// <summary>The number of elements of all parameters.</summary>
    public long Elements { get; }

    /// <summary>What a backward pass leaves behind.</summary>
    public void SetGradients()
    {
        for (var i = 0; i < Parameters.Length; i++) Parameters[i].grad = _gradients[i];
    }

    public void Dispose()
    {
        foreach (var tensor in Parameters.Concat(_gradients)) tensor.Dispose();
    }
}
