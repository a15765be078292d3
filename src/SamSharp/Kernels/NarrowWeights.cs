using static TorchSharp.torch;

namespace SamSharp.Kernels;

/// <summary>Perturbs 16-bit weights in float32, from their masters if there are any, and rounds once. It works on one block at a time, so
/// that the float32 copies stay small.</summary>
internal static class NarrowWeights
{
    /// <summary>Elements of a block: its float32 copies fit the cache of a processor, and on a GPU a launch is worth its while.</summary>
    private const long BlockOnCpu = 1 << 20, BlockElsewhere = 1 << 24;

    /// <summary>result := w + scale v, or w + scale (|w| + kappa)^2 v, rounded.</summary>
    /// <param name="kernels">Computes it in float32.</param>
    /// <param name="weight">bfloat16 or float16.</param>
    /// <param name="master">The float32 weight that it is rounded from; null if there is none.</param>
    /// <param name="result">Where to, of the weight's type; may be the weight itself.</param>
    /// <param name="vector">v, of the weight's shape.</param>
    /// <param name="scale">A number on the device.</param>
    /// <param name="kappa">Null without the metric.</param>
    /// <param name="key">The key for stochastic rounding; null to round to the nearest.</param>
    public static void Perturb(ITensorListKernels kernels, Tensor weight, Tensor? master, Tensor result, Tensor vector, Tensor scale, double? kappa,
        ulong? key)
    {
        using var noGradient = no_grad();
        using var whole = NewDisposeScope();
        var isFlat = result.is_contiguous();
        var target = isFlat ? result.view(-1) : empty([result.NumberOfElements], result.dtype, result.device);
        var (from, along, exact) = (weight.reshape(-1), vector.reshape(-1), master?.reshape(-1));
        var block = weight.device_type == TorchSharp.DeviceType.CPU ? BlockOnCpu : BlockElsewhere;
        for (long start = 0; start < target.NumberOfElements; start += block)
        {
            using var scope = NewDisposeScope();
            var count = Math.Min(block, target.NumberOfElements - start);
            var w = from.narrow(0, start, count);
            var wide = exact is null ? w.to(ScalarType.Float32) : Current(exact.narrow(0, start, count), w);
            var v = along.narrow(0, start, count).to(ScalarType.Float32);
            if (kappa is { } added) kernels.PerturbAdaptive([wide], [wide], [v], scale, added);
            else kernels.Perturb([wide], [wide], [v], scale);
            Write(target.narrow(0, start, count), wide, key, start);
        }
        if (!isFlat) result.copy_(target.view(result.shape));
    }

    /// <summary>target := source, rounded to the nearest, or at random if there is a key.</summary>
    public static void Write(Tensor target, Tensor source, ulong? key, long start = 0)
    {
        if (key is { } random) StochasticRounding.Round(target, source, random, start);
        else target.copy_(source);
    }

    /// <summary>A copy of the master, with the weight where something else has changed it since it was rounded from the master.</summary>
    [InDisposeScope]
    public static Tensor Current(Tensor master, Tensor weight) => where(master.to(weight.dtype).eq(weight), master, weight.to(ScalarType.Float32));
}
