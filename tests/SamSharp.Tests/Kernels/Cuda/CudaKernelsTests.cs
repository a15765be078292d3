using System.Runtime.InteropServices;
using SamSharp.Kernels;
using SamSharp.Tests.Kernels.Ptx;
using SamSharp.Tests.Support;

namespace SamSharp.Tests.Kernels.Cuda;

/// <summary>The CUDA kernels at what is theirs: chunks, several launches, alignment and rounding. The PTX that is shipped runs, on a device that
/// checks every access. The theories that all kernels share run in <see cref="TensorListKernelsTests"/>.</summary>
[TensorScope]
public class CudaKernelsTests
{
    private const long Chunk = 16384;

    private static readonly ScalarType[] Dtypes = [float32, float64, float16, bfloat16];

    public static TheoryData<ScalarType, long> SizesAroundChunks()
    {
        var data = new TheoryData<ScalarType, long>();
        foreach (var dtype in Dtypes)
            foreach (var size in new[] { 1, 15, 16, 17, Chunk - 1, Chunk, Chunk + 1, (2 * Chunk) + 9 }) data.Add(dtype, size);
        return data;
    }

    [Theory]
    [MemberData(nameof(SizesAroundChunks))]
    public void Every_alignment_gives_what_libtorch_computes_in_the_numbers_dtype(ScalarType dtype, long size)
    {
        using var scope = NewDisposeScope();
        var kernels = PtxDevice.Kernels();
        var number = dtype == float64 ? float64 : float32;
        var (scale, kappa) = (tensor(0.3, dtype: number), 0.01);
        foreach (var (wOffset, vOffset, rOffset) in new[] { (0, 0, 0), (1, 1, 1), (3, 3, 3), (0, 1, 0), (2, 5, 7), (0, 0, 1) })
        {
            var (w, v, result) = (Misaligned(1, size, dtype, wOffset), Misaligned(2, size, dtype, vOffset), Misaligned(3, size, dtype, rOffset));
            var (wide, wideV) = (w.to(number), v.to(number));

            kernels.Perturb([w], [result], [v], scale);
            Close.Bits(wide.Plus(scale * wideV).to(dtype), result);
            kernels.Mix([result], scale, [v], scale);
            Close.Bits((scale * wide.Plus(scale * wideV).to(dtype).to(number)).Plus(scale * wideV).to(dtype), result);
            kernels.PerturbAdaptive([w], [result], [v], scale, kappa);
            var metric = wide.abs().Plus(kappa);
            Close.Bits(wide.Plus(scale * metric * (metric * wideV)).to(dtype), result);
            kernels.Copy([result], [v]);
            Close.Bits(v, result);
            kernels.Accumulate([result], [w], 0.25);
            Close.Bits(wideV.Plus(wide.Times(0.25)).to(dtype), result);

            Close.To(w.to(float64).dot(v.to(float64)), kernels.Dot([w], [v]), Tolerance(number) * Math.Sqrt(size));
            Assert.Equal(1, (v.to(float64).norm() / kernels.Norm([v])).item<double>(), number == float64 ? 12 : 5);
            Assert.Equal(1, ((w.to(float64).abs().Plus(kappa) * v.to(float64)).norm() / kernels.AdaptiveNorm([w], [v], kappa)).item<double>(),
                number == float64 ? 12 : 5);
        }
        Assert.Equal($"cuda:0: used, {6 * 11} launches so far", kernels.Status); // 5 maps, and 3 sums of two launches each
    }

    [Theory]
    [MemberData(nameof(SizesAroundChunks))]
    public void Nothing_is_written_beside_the_results(ScalarType dtype, long size)
    {
        using var scope = NewDisposeScope();
        var kernels = PtxDevice.Kernels();
        foreach (var offset in new[] { 0, 1, 8 })
        {
            var whole = zeros(size + 16, dtype: dtype);
            kernels.Copy([whole.narrow(0, offset, size)], [ones(size, dtype: dtype)]);
            Assert.Equal(size, whole.to(float64).sum().item<double>());
            Assert.Equal(size, whole.narrow(0, offset, size).to(float64).sum().item<double>());
        }
        Assert.Equal(3, kernels.Launches);
    }

    [Fact]
    public void Long_lists_take_several_launches_and_give_the_same_sum_as_one_tensor()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        RecordingDriver recorder = null!;
        var kernels = PtxDevice.Kernels(around: driver => recorder = new(driver));
        var list = Enumerable.Range(0, 250).Select(i => randn(i % 7 == 0 ? 0 : (i * 131 % 40_000) + 1, generator: generator)).ToArray();
        var expected = cat(list).to(float64).norm().item<double>();

        Assert.Equal(1, kernels.Norm(list).item<float>() / expected, 6);
        Assert.Equal(["square_float32", "square_float32", "root_float32"],
            recorder.Launches.Select(launch => launch.Kernel)); // 214 tensors that are not empty

        var sums = list.Select(tensor => tensor.clone()).ToArray();
        kernels.Accumulate(sums, list, 1);
        foreach (var (sum, tensor) in sums.Zip(list)) Close.Bits(tensor.Times(2), sum);
    }

    [Fact]
    public void Sums_are_the_same_bits_however_often_they_are_taken_and_whatever_the_launch_they_are_in()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(6);
        var kernels = PtxDevice.Kernels();
        var vector = randn(100_003, generator: generator);
        var padded = Enumerable.Range(0, 130).Select(_ => zeros(1)).Append(vector).ToArray(); // the vector in the second launch
        Close.Bits(kernels.Norm([vector]), kernels.Norm([vector]));
        Close.Bits(kernels.Norm(padded), kernels.Norm(padded));
        Assert.Equal(kernels.Norm([vector]).item<float>(), kernels.Norm(padded).item<float>(), 1e-4f);
    }

    [Fact]
    public void Half_precision_rounds_as_libtorch_does_everywhere()
    {
        using var scope = NewDisposeScope();
        var kernels = PtxDevice.Kernels();
        foreach (var dtype in new[] { bfloat16, float16 })
        {
            var (values, result) = (zeros(65536, dtype: dtype), zeros(65536, dtype: dtype));
            var patterns = MemoryMarshal.Cast<byte, ushort>(values.bytes);
            for (var i = 0; i < patterns.Length; i++) patterns[i] = (ushort)i;
            kernels.Mix([result], tensor(0f), [values], tensor(1.00390625f)); // 1 + 2^-8: ties in bfloat16
            var expected = values.to(float32).Times(1.00390625f).to(dtype);
            var numbers = expected.isnan().logical_not();
            Close.Bits(expected[numbers].Plus(0), result[numbers]);
            Assert.True(result.isnan().eq(expected.isnan()).all().item<bool>());
        }
        Assert.Equal(2, kernels.Launches);
    }

    [Fact]
    public void The_wrapper_steps_on_it_as_on_the_default_kernels()
    {
        using var scope = NewDisposeScope();
        Tensor Train(ITensorListKernels kernels)
        {
            using var problem = new Problem(float32, hidden: Problem.Large);
            using var sam = new SharpnessAwareOptimizer(optim.AdamW(problem.Parameters, 0.01),
                new SharpnessAwareOptions { GivenKernels = kernels, Rho = 0.5 });
            for (var step = 0; step < 5; step++) sam.Step(() => problem.Backward(step)).Dispose();
            return problem.Weights();
        }

        var own = PtxDevice.Kernels();
        Close.To(Train(KernelSets.Reference), Train(own), 1e-4);
        Assert.True(own.Launches >= 5 * 4, own.Status); // two for a norm, one for a scale, one for a step, list by list
    }

    /// <summary>Random numbers that start so many elements after a boundary of 16 bytes.</summary>
    private static Tensor Misaligned(ulong seed, long size, ScalarType dtype, long offset)
    {
        using var generator = new Generator(seed);
        return randn(size + offset, dtype: float64, generator: generator).to(dtype).narrow(0, offset, size);
    }

    private static double Tolerance(ScalarType number) => number == float64 ? 1e-13 : 1e-5;
}
