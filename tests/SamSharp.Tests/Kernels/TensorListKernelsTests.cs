using SamSharp.Kernels;
using SamSharp.Tests.Support;
using static SamSharp.Tests.Kernels.KernelCandidates;

namespace SamSharp.Tests.Kernels;

/// <summary>Every implementation against the reference, on lists of awkward shapes.</summary>
[TensorScope]
[Collection(GlobalRandomNumbers.Name)]
public class TensorListKernelsTests
{
    public static TheoryData<string, ScalarType, bool> Cases()
    {
        var cases = new TheoryData<string, ScalarType, bool>();
        foreach (var kernels in All.Keys)
        {
            foreach (var dtype in new[] { float32, float64, bfloat16, float16 })
            {
                cases.Add(kernels, dtype, true);
                cases.Add(kernels, dtype, false);
            }
        }
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Norms_and_scales_are_the_reference_s(string name, ScalarType dtype, bool contiguous)
    {
        var kernels = Named(name);
        using var scope = NewDisposeScope();
        var (weights, vectors) = (Make(1, dtype, contiguous), Make(2, dtype, contiguous));
        var (own, reference) = (kernels, KernelSets.Reference);

        Assert.Equal((dtype == float64 ? float64 : float32, float64), (own.Norm(vectors).dtype, own.Dot(weights, vectors).dtype));
        foreach (var (a, b) in new[]
        {
            (own.Norm(vectors), reference.Norm(vectors)),
            (own.AdaptiveNorm(weights, vectors, 0.01), reference.AdaptiveNorm(weights, vectors, 0.01)),
            (own.Dot(weights, vectors), reference.Dot(weights, vectors)),
            (own.Scale(own.Norm(vectors), 0.05, 1e-12), reference.Scale(reference.Norm(vectors), 0.05, 1e-12)),
        })
        {
            Assert.Equal(b.dtype, a.dtype);
            Assert.Empty(a.shape);
            Assert.Equal(1, Value(a) / Value(b), dtype == float64 ? 12 : dtype == float32 ? 5 : 2);
        }
        AssertLaunched(kernels, contiguous ? 13 : 1); // a sum takes two launches, and a scale one
    }

    /// <summary>Passes over raw memory know one length for all lists: they must leave others to libtorch, which refuses them.</summary>
    [Fact]
    public void Lists_of_different_lengths_are_refused()
    {
        var (four, many, number) = (new[] { ones(4) }, new[] { ones(1000) }, tensor(0.5f));
        foreach (var (shorter, longer) in new[] { (four, many), (many, four) })
        {
            foreach (var operation in new Action<ITensorListKernels>[]
            {
                k => k.AdaptiveNorm(shorter, longer, 0.1),
                k => k.Dot(shorter, longer),
                k => k.Perturb(shorter, shorter, longer, number),
                k => k.Perturb(shorter, longer, longer, number),
                k => k.PerturbAdaptive(shorter, shorter, longer, number, 0.1),
                k => k.Copy(shorter, longer),
                k => k.Accumulate(shorter, longer, 0.5),
                k => k.Mix(shorter, number, longer, number),
            })
            {
                Assert.ThrowsAny<Exception>(() => operation(KernelSets.Vectorized));
                Assert.ThrowsAny<Exception>(() => operation(KernelSets.Default));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Updates_are_the_reference_s(string name, ScalarType dtype, bool contiguous)
    {
        var kernels = Named(name);
        var scale = tensor(0.3, dtype: dtype == float64 ? float64 : float32);
        var factor = tensor(-1.75, dtype: scale.dtype);
        foreach (var update in new Action<ITensorListKernels, Tensor[], Tensor[], Tensor[]>[]
        {
            (k, w, results, v) => k.Perturb(w, results, v, scale),
            (k, w, _, v) => k.Perturb(w, w, v, scale),
            (k, w, results, v) => k.PerturbAdaptive(w, results, v, scale, 0.01),
            (k, w, _, v) => k.PerturbAdaptive(w, w, v, scale, 0.01),
            (k, w, _, v) => k.Copy(w, v),
            (k, w, _, v) => k.Accumulate(w, v, 0.25),
            (k, w, _, v) => k.Mix(w, scale, v, factor),
        })
        {
            using var scope = NewDisposeScope();
            var (mine, myResults) = (Make(1, dtype, contiguous), Make(3, dtype, contiguous));
            var (theirs, theirResults) = (Make(1, dtype, contiguous), Make(3, dtype, contiguous));
            var vectors = Make(2, dtype, contiguous);

            update(kernels, mine, myResults, vectors);
            update(KernelSets.Reference, theirs, theirResults, vectors);

            for (var i = 0; i < mine.Length; i++)
            {
                if (mine[i].NumberOfElements == 0) continue;
                Close.To(theirs[i], mine[i], Tolerance(dtype));
                Close.To(theirResults[i], myResults[i], Tolerance(dtype));
            }
        }
        AssertLaunched(kernels, contiguous ? 7 : 0);
    }

    private static double Tolerance(ScalarType dtype) => dtype == float64 ? 1e-14 : dtype == float32 ? 1e-6 : dtype == float16 ? 4e-3 : 4e-2;

    private static Tensor[] Make(ulong seed, ScalarType dtype, bool contiguous) => AwkwardTensors.Make(seed, dtype, CPU, contiguous);
}
