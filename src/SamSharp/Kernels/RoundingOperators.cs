using static TorchSharp.torch;

namespace SamSharp.Kernels;

/// <summary>
/// Rounds float32 to bfloat16 or float16 by libtorch's operators, on any device, to the nearest or at random: up with the probability of the
/// distance from below, so that the mean of the rounded number is the number. The random bits depend on a key and on the element's index alone, not
/// on devices, threads, or how the work is cut.
/// </summary>
internal static class RoundingOperators
{
    /// <summary>Elements of a block of weights that are perturbed in float32: its copies fit the cache of a processor, and on a GPU a launch is
    /// worth its while.</summary>
    private const long BlockOnCpu = 1 << 20, BlockElsewhere = 1 << 24;

    // The same hash as in BrainRounding.cs, in int64 (dtype 4) since TorchScript has no uint32; nor has it hexadecimal numbers, nor
    // views of a number's bits, so that the spacing comes from the exponent.
    private static readonly TorchScript Script = new("""
        def mix(h: Tensor, shift: int, factor: int):
            return (torch.bitwise_xor(h, torch.bitwise_right_shift(h, shift)) * factor) & 4294967295

        def random_bits(start: int, count: int, first: int, second: int, like: Tensor):
            i = torch.arange(start, start + count, dtype=4, device=like.device)
            h = (torch.bitwise_right_shift(i, 4) * 8 + (i & 7)) & 4294967295
            h = mix(torch.bitwise_xor(h, first), 16, 2146121005)
            h = mix(h, 15, 2221713035)
            h = torch.bitwise_xor(h, torch.bitwise_right_shift(h, 16))
            h = ((h + second) * 2654435761) & 4294967295
            h = torch.bitwise_xor(h, torch.bitwise_right_shift(h, 15))
            return torch.where((i & 8) > 0, h & 65535, torch.bitwise_right_shift(h, 16))

        def round(target: Tensor, source: Tensor, start: int, first: int, second: int, digits: float, least: float):
            flat = source.reshape([-1]).double()
            size = flat.abs()
            mantissa, exponent = torch.frexp(size)
            spacing = torch.where(size > 0, torch.clamp(size / mantissa / digits, min=least), 1.0)
            below = size / spacing
            up = random_bits(start, flat.numel(), first, second, source).double() / 65536.0
            rounded = torch.copysign(torch.floor(below + up) * spacing, flat)
            target.copy_(torch.where(torch.isfinite(flat), rounded, flat).view_as(source))
        """);

    /// <summary>result := w + scale v, or w + scale (|w| + kappa)^2 v, one block of a tensor at a time, so that float32 copies stay
    /// small.</summary>
    /// <param name="kernels">Computes it in float32.</param>
    /// <param name="weights">w, and how results are rounded.</param>
    /// <param name="results">Where to; may be the weights themselves.</param>
    /// <param name="vectors">v.</param>
    /// <param name="scale">A number on the device.</param>
    /// <param name="kappa">Null without the metric.</param>
    public static void Perturb(ITensorListKernels kernels, NarrowWeights weights, Tensor[] results, Tensor[] vectors, Tensor scale, double? kappa)
    {
        using var noGradient = no_grad();
        for (var i = 0; i < results.Length; i++)
        {
            using var scope = NewDisposeScope();
            Perturb(kernels, weights.Weights[i], weights.Masters?[i], results[i], vectors[i], scale, kappa, weights.Keys?[i]);
        }
    }

    /// <summary>target := source, to the nearest, or at random with a key for each tensor.</summary>
    public static void Round(Tensor[] targets, Tensor[] sources, ulong[]? keys)
    {
        using var noGradient = no_grad();
        for (var i = 0; i < targets.Length; i++) Round(targets[i], sources[i], keys?[i]);
    }

    /// <summary>target := source, of which the first element has an index in its tensor.</summary>
    public static void Round(Tensor target, Tensor source, ulong? key, long start = 0)
    {
        if (key is not { } random) target.copy_(source);
        else if (source.NumberOfElements > 0)
        {
            var isBrain = target.dtype == ScalarType.BFloat16;
            Script.Run("round", [target, source, start, (long)(uint)random, (long)(uint)(random >> 32),
                isBrain ? 256.0 : 2048.0, Math.ScaleB(1, isBrain ? -133 : -24)]);
        }
    }

    /// <summary>master := w where w is not what its master rounds to.</summary>
    public static void TakeUpChanges(Tensor[] masters, Tensor[] weights)
    {
        using var noGradient = no_grad();
        for (var i = 0; i < masters.Length; i++)
        {
            using var scope = NewDisposeScope();
            masters[i].copy_(Current(masters[i], weights[i]));
        }
    }

    [InDisposeScope]
    private static void Perturb(ITensorListKernels kernels, Tensor weight, Tensor? master, Tensor result, Tensor vector, Tensor scale, double? kappa,
        ulong? key)
    {
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
            Round(target.narrow(0, start, count), wide, key, start);
        }
        if (!isFlat) result.copy_(target.view(result.shape));
    }

    /// <summary>A copy of the master, with the weight where something else has changed it since it was rounded from the master.</summary>
    [InDisposeScope]
    private static Tensor Current(Tensor master, Tensor weight) => where(master.to(weight.dtype).eq(weight), master, weight.to(ScalarType.Float32));
}
