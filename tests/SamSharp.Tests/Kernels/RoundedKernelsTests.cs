using SamSharp.Kernels;
using SamSharp.Tests.Kernels.Ptx;
using SamSharp.Tests.Support;

namespace SamSharp.Tests.Kernels;

/// <summary>Passes over 16-bit weights that have masters or are rounded at random: bit for bit what libtorch's operators compute.</summary>
[TensorScope]
[Collection(GlobalRandomNumbers.Name)]
public class RoundedKernelsTests
{
    private const string OnPtx = "CUDA, its PTX run here";

    private static readonly Dictionary<string, Func<ITensorListKernels>> Candidates = new()
    {
        ["vectorized"] = () => KernelSets.Vectorized,
        ["multi-tensor"] = () => KernelSets.MultiTensor,
        [OnPtx] = () => PtxDevice.Kernels(),
    };

    /// <summary>Elements before each list's first one: weights, vectors, results, masters.</summary>
    private static readonly long[][] Offsets = [[0, 0, 0, 0], [1, 1, 1, 1], [0, 0, 0, 1], [3, 5, 0, 2], [8, 8, 8, 0]];

    public static TheoryData<string, ScalarType> Cases() => new()
    {
        { "vectorized", bfloat16 }, { "vectorized", float16 }, { OnPtx, bfloat16 }, { OnPtx, float16 },
    };

    public static TheoryData<string, ScalarType> All()
    {
        var data = Cases();
        data.Add("multi-tensor", bfloat16); // whose sums are contracted with products
        data.Add("multi-tensor", float16);
        return data;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void They_compute_what_the_reference_does_bit_for_bit(string name, ScalarType type)
    {
        foreach (var offsets in Offsets)
        {
            var kernels = Candidates[name]();
            foreach (var update in Updates)
            {
                using var scope = NewDisposeScope();
                var (mine, theirs) = (Lists(type, offsets), Lists(type, offsets));
                update(kernels, mine);
                update(KernelSets.Reference, theirs);
                Close.Bits(theirs.AllResults.Plus(0), mine.AllResults.Plus(0)); // of two zeros either
                Close.Bits(theirs.AllMasters, mine.AllMasters);
            }
            if (name == OnPtx) Assert.Equal($"cuda:0: used, {Updates.Length} launches so far", ((CudaKernels)kernels).Status);
        }
    }

    /// <summary>Infinities and what is no number stay, in groups of sixteen and alone.</summary>
    [Theory]
    [MemberData(nameof(All))]
    public void What_is_not_finite_stays(string name, ScalarType type)
    {
        float[] numbers = [float.NaN, float.PositiveInfinity, float.NegativeInfinity, 0, -0f, 1, -2.5f, 0.0078125f];
        var source = tensor(numbers).repeat(5); // 40
        for (ulong key = 0; key < 20; key++)
        {
            var target = empty_like(source, dtype: type);
            Candidates[name]().Round([target], [source], [CounterRandom.Hash((long)key)]);
            Close.Bits(source.nan_to_num(7), target.to(float32).nan_to_num(7));
        }
    }

    [Fact]
    public void Lists_that_do_not_fit_go_to_libtorch()
    {
        var kernels = PtxDevice.Kernels();
        var (weights, vectors) = (ones(4, 6, dtype: bfloat16), ones(4, 6, dtype: bfloat16));
        var expected = ones(4, 6).Plus(0.5).to(bfloat16);
        foreach (var (w, v, master) in new[]
        {
            (weights.t(), vectors.t(), ones(6, 4)), // not contiguous
            (weights, vectors.to(float32), ones(4, 6)), // of another dtype
            (weights, vectors, ones(6, 4).t()),
        })
        {
            var result = empty_like(w);
            kernels.PerturbRounded(new([w], [master]), [result], [v], tensor(0.5f), null);
            Close.Bits(expected.reshape(w.shape), result.contiguous());
        }
        Assert.Equal(0, kernels.Launches);
    }

    private static Action<ITensorListKernels, RoundedLists>[] Updates =>
    [
        (k, x) => k.PerturbRounded(new(x.Weights, null, x.Keys), x.Results, x.Vectors, x.Scale, null),
        (k, x) => k.PerturbRounded(new(x.Weights, x.Masters), x.Results, x.Vectors, x.Scale, null),
        (k, x) => k.PerturbRounded(new(x.Weights, x.Masters, x.Keys), x.Results, x.Vectors, x.Scale, null),
        (k, x) => k.PerturbRounded(new(x.Weights, null, x.Keys), x.Results, x.Vectors, x.Scale, 0.01),
        (k, x) => k.PerturbRounded(new(x.Weights, x.Masters), x.Results, x.Vectors, x.Scale, 0.01),
        (k, x) => k.PerturbRounded(new(x.Results, x.Masters, x.Keys), x.Results, x.Vectors, x.Scale, 0.01), // in place
        (k, x) => k.Round(x.Results, x.Masters, null),
        (k, x) => k.Round(x.Results, x.Masters, x.Keys),
        (k, x) => k.TakeUpChanges(x.Masters, x.Weights),
    ];

    private sealed record RoundedLists(Tensor[] Weights, Tensor[] Vectors, Tensor[] Results, Tensor[] Masters, ulong[] Keys, Tensor Scale,
        Tensor AllResults, Tensor AllMasters);

    /// <summary>Weights of which every fifth is not what its master rounds to, in tensors of awkward sizes and of several shares of work.</summary>
    private static RoundedLists Lists(ScalarType type, long[] offsets)
    {
        using var generator = new Generator(3);
        long[] sizes = [1, 0, 15, 16, 17, 1000, 16384, 40_003];
        var total = sizes.Sum() + 16;
        Tensor Numbers(double power) => randn(total, generator: generator) is var n ? n.sign().mul(n.abs().pow(tensor(power))).to(float32) : n;
        var (masters, vectors, results) = (Numbers(3), Numbers(2).to(type), Numbers(1).to(type));
        var changed = rand(total, generator: generator).IsGreaterThan(0.8);
        var weights = where(changed, Numbers(2), masters).to(type);
        if (offsets[0] != offsets[3]) weights = weights.roll(offsets[0] - offsets[3], 0); // each weight beside its master
        return new(Cut(weights, 0), Cut(vectors, 1), Cut(results, 2), Cut(masters, 3),
            [.. sizes.Select((_, i) => CounterRandom.Hash(5, i))], tensor(0.01f), results, masters);

        Tensor[] Cut(Tensor buffer, int list)
        {
            var start = offsets[list];
            return Array.ConvertAll(sizes, size => buffer.narrow(0, (start += size) - size, size));
        }
    }
}
