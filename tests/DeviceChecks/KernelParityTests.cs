using System.Globalization;
using SamSharp.Kernels;
using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.DeviceChecks;

/// <summary>Every implementation of the kernels against the reference, on the device that is checked.</summary>
public sealed class KernelParityTests(ITestOutputHelper output)
{
    /// <summary>Enough elements for several shares of work.</summary>
    private static readonly long[] LargeShape = [613, 499];

    private static readonly Dictionary<string, ITensorListKernels> Implementations = new()
    {
        [nameof(KernelSets.Vectorized)] = KernelSets.Vectorized,
        [nameof(KernelSets.MultiTensor)] = KernelSets.MultiTensor,
        [nameof(KernelSets.Cuda)] = KernelSets.Cuda,
    };

    // The largest difference over max(1, value): a few roundings, as sums are taken in other orders, and half precision may round
    // between the parts of an operation.
    private static readonly Dictionary<ScalarType, double> Tolerances = new()
    {
        [ScalarType.Float64] = 1e-12,
        [ScalarType.Float32] = 1e-5,
        [ScalarType.Float16] = 4e-3,
        [ScalarType.BFloat16] = 4e-2,
    };

    public static TheoryData<string, ScalarType, bool> Cases()
    {
        var cases = new TheoryData<string, ScalarType, bool>();
        foreach (var name in Implementations.Keys)
        {
            foreach (var dtype in Tolerances.Keys)
            {
                cases.Add(name, dtype, true);
                cases.Add(name, dtype, false);
            }
        }
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Operations_are_the_reference_s(string kernels, ScalarType dtype, bool contiguous)
    {
        var device = CheckedDevice.Find().Place;
        var differences = KernelOperation.All.Select(operation =>
        {
            using var scope = NewDisposeScope();
            return (operation.Name, Value: Difference(Apply(KernelSets.Reference), Apply(Implementations[kernels])));

            Tensor[] Apply(ITensorListKernels own) => operation.Apply(own, Make(1), Make(3), Make(2));
        }).ToList();
        foreach (var (name, value) in differences) output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-26} {value,8:0.0e+00}"));
        Assert.All(differences, difference => Assert.InRange(difference.Value, 0, Tolerances[dtype]));

        Tensor[] Make(ulong seed) => AwkwardTensors.Make(seed, dtype, device, contiguous, LargeShape);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void An_ascent_with_them_moves_the_weights_and_they_come_back_bit_for_bit(string kernels, ScalarType dtype, bool contiguous)
    {
        using var scope = NewDisposeScope();
        var parameters = Array.ConvertAll(Make(1), value => new Parameter(value));
        foreach (var (parameter, gradient) in parameters.Zip(Make(2))) parameter.grad = gradient;
        var before = Copies();
        using var sam = new SharpnessAwareOptimizer(
            optim.SGD(parameters, 0.1), new SharpnessAwareOptions { Rho = 10, GivenKernels = Implementations[kernels] });

        sam.Ascend();
        var perturbed = Copies();
        sam.Restore();

        Assert.NotEqual(0, Changed(before, perturbed));
        Assert.Equal(0, Changed(before, Copies()));

        Tensor[] Make(ulong seed) => AwkwardTensors.Make(seed, dtype, CheckedDevice.Find().Place, contiguous, LargeShape);
        byte[][] Copies() => Array.ConvertAll(parameters, parameter => parameter.detach().contiguous().cpu().bytes.ToArray());
    }

    private static int Changed(byte[][] before, byte[][] after) => before.Zip(after).Count(pair => !pair.First.AsSpan().SequenceEqual(pair.Second));

    /// <summary>The largest difference of two lists. NaN and other dtypes count as infinitely far.</summary>
    [InDisposeScope]
    private static double Difference(Tensor[] expected, Tensor[] actual) => expected.Zip(actual, (a, b) =>
    {
        if (a.dtype != b.dtype || !a.shape.SequenceEqual(b.shape)) return double.PositiveInfinity;
        if (a.NumberOfElements == 0) return 0;
        using var scope = NewDisposeScope();
        var (x, y) = (a.to(ScalarType.Float64), b.to(ScalarType.Float64));
        var difference = x.sub(y).abs().div(maximum(x.abs(), ones_like(x))).max().ReadDouble();
        return double.IsNaN(difference) ? double.PositiveInfinity : difference;
    }).Max();
}
