using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>Random tensors determined by a seed, the step, the draw and the parameter.</summary>
internal static class SeededNoise
{
    /// <summary>One draw for one parameter, on its device. It is drawn on the CPU, so that every device gets the same numbers, and because
    /// TorchSharp's generators work only there.</summary>
    public static Tensor Draw(ParameterSlot parameter, long seed, long step, int draw, Func<long[], ScalarType, Generator, Tensor> make)
    {
        var weights = parameter.Parameter;
        using var generator = new Generator(CounterRandom.Hash(seed, step, draw, parameter.Index), CPU);
        var numbers = make(weights.shape, weights.dtype, generator);
        return weights.device_type == TorchSharp.DeviceType.CPU ? numbers : numbers.to(weights.device, disposeAfter: true);
    }
}
