using System.Globalization;
using SamSharp.Benchmarks.Devices;
using SamSharp.Kernels;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Benchmarks.Parity;

/// <summary>Every implementation of the kernels against the reference, on the device given: what the tests do on the CPU, wherever the program runs.</summary>
internal static class ParityVerb
{
    private static readonly (string Name, ITensorListKernels Kernels)[] Implementations =
    [
        (nameof(KernelSets.Vectorized), KernelSets.Vectorized),
        (nameof(KernelSets.MultiTensor), KernelSets.MultiTensor),
        (nameof(KernelSets.Cuda), KernelSets.Cuda),
    ];

    private static readonly ScalarType[] Dtypes = [ScalarType.Float32, ScalarType.BFloat16, ScalarType.Float16, ScalarType.Float64];

    private static readonly bool[] Layouts = [true, false];

    /// <returns>0 if all agree, 1 if any does not.</returns>
    public static int Run(DeviceInfo device)
    {
        Console.WriteLine($"kernels against {nameof(KernelSets.Reference)} on {device}: largest difference, over max(1, value), and the most allowed");
        var results = (from implementation in Implementations
                       from dtype in Dtypes
                       from contiguous in Layouts
                       from result in Results(implementation.Kernels, dtype, device.Place, contiguous)
                       select Report(result.Difference <= result.Allowed,
                           $"{implementation.Name,-12} {dtype,-9} {(contiguous ? "contiguous" : "strided"),-11} {result.Name,-26} {result.Difference,8:0.0e+00}  {result.Allowed:0.0e+00}")).ToArray();
        Console.WriteLine($"kernels of our own for CUDA: {KernelSets.CudaStatus}");
        Console.WriteLine($"{results.Count(ok => ok)} agree, {results.Count(ok => !ok)} differ");
        return Array.TrueForAll(results, ok => ok) ? 0 : 1;
    }

    private static bool Report(bool ok, FormattableString line)
    {
        Console.WriteLine($"{(ok ? "ok     " : "DIFFERS")} {line.ToString(CultureInfo.InvariantCulture)}");
        return ok;
    }

    private static IEnumerable<(string Name, double Difference, double Allowed)> Results(ITensorListKernels kernels, ScalarType dtype, Device device, bool contiguous)
    {
        foreach (var check in ParityCheck.All)
        {
            using var scope = NewDisposeScope();
            yield return (check.Name, Difference(Apply(KernelSets.Reference), Apply(kernels)), Tolerance(dtype));

            Tensor[] Apply(ITensorListKernels own) => check.Apply(own, Make(1), Make(3), Make(2));
        }
        yield return ("ascent and restore, bits", RestoredBits(kernels, Make(1), Make(2)), 0);

        Tensor[] Make(ulong seed) => AwkwardTensors.Make(seed, dtype, device, contiguous);
    }

    /// <summary>The largest difference of two lists. Anything that is no number, or of another dtype, is infinitely far.</summary>
    private static double Difference(Tensor[] expected, Tensor[] actual) => expected.Zip(actual, (a, b) =>
    {
        if (a.dtype != b.dtype || !a.shape.SequenceEqual(b.shape)) return double.PositiveInfinity;
        if (a.NumberOfElements == 0) return 0;
        var (x, y) = (a.to(ScalarType.Float64), b.to(ScalarType.Float64));
        var difference = ((x - y).abs() / x.abs().clamp_min(1)).max().item<double>();
        return double.IsNaN(difference) ? double.PositiveInfinity : difference;
    }).Max();

    /// <summary>The number of tensors with other bits after an ascent through the wrapper and back; infinitely many, if the ascent did not move them.</summary>
    private static double RestoredBits(ITensorListKernels kernels, Tensor[] values, Tensor[] gradients)
    {
        using var scope = NewDisposeScope();
        var parameters = Array.ConvertAll(values, value => new Parameter(value));
        foreach (var (parameter, gradient) in parameters.Zip(gradients)) parameter.grad = gradient;
        var before = Copies();
        using var sam = new SharpnessAwareOptimizer(optim.SGD(parameters, 0.1), new SharpnessAwareOptions { Rho = 10, GivenKernels = kernels });

        sam.Ascend();
        var moved = Changed(before, Copies());
        sam.Restore();
        return moved > 0 ? Changed(before, Copies()) : double.PositiveInfinity;

        Tensor[] Copies() => Array.ConvertAll(parameters, parameter => parameter.detach().contiguous().cpu().clone());
    }

    private static double Changed(Tensor[] before, Tensor[] after) =>
        before.Zip(after, (a, b) => a.bytes.SequenceEqual(b.bytes) ? 0 : 1).Sum();

    /// <summary>A few roundings: sums are taken in other orders, and half precision may round between the parts of an operation.</summary>
    private static double Tolerance(ScalarType dtype) => dtype switch
    {
        ScalarType.Float64 => 1e-12,
        ScalarType.Float32 => 1e-5,
        ScalarType.Float16 => 4e-3,
        _ => 4e-2,
    };
}
