using SamSharp.Kernels;
using SamSharp.Tests.Support;
using static SamSharp.Tests.Kernels.KernelCandidates;

namespace SamSharp.Tests.Kernels;

/// <summary>Every implementation on lists that are empty, huge or extreme.</summary>
[TensorScope]
[Collection(GlobalRandomNumbers.Name)]
public class TensorListEdgeTests
{
    public static TheoryData<string> Implementations() => new([.. All.Keys, "reference"]);

    [Theory]
    [MemberData(nameof(Implementations))]
    public void A_norm_of_zero_or_no_number_gives_a_scale_of_zero(string name)
    {
        var kernels = Named(name);
        using var scope = NewDisposeScope();
        foreach (var norm in new[] { 0, float.NaN, float.PositiveInfinity })
            Assert.Equal(0, Value(kernels.Scale(tensor(norm), 0.05, 1e-12)));
        Assert.Equal(0.05 / 2, Value(kernels.Scale(tensor(2f), 0.05, 1e-12)), 7);
        AssertLaunched(kernels, 4);
    }

    [Theory]
    [MemberData(nameof(Implementations))]
    public void Norms_of_half_precision_are_accumulated_in_float32(string name)
    {
        var kernels = Named(name);
        using var scope = NewDisposeScope();
        Assert.Equal(189736.66, Value(kernels.Norm([ScalarArithmetic.Full([10], 60000, dtype: float16)])), 0);
        Assert.Equal(Math.Sqrt(4097), Value(kernels.Norm([ones(4096, dtype: bfloat16), ones(1, dtype: bfloat16)])), 4);
        AssertLaunched(kernels, 4);
    }

    [Theory]
    [MemberData(nameof(Implementations))]
    public void Norms_of_millions_of_elements_are_right_to_six_digits(string name)
    {
        var kernels = Named(name);
        using var scope = NewDisposeScope();
        using var generator = new Generator(11);
        var matrix = randn(4096, 1024, generator: generator);
        foreach (var large in new[] { matrix, matrix.reshape(-1)[..^3], matrix.t(), matrix.reshape(-1).slice(0, 1, 4096 * 1024, 2) })
        {
            var expected = large.to(float64).Squared().sum().sqrt().item<double>();
            Assert.Equal(1, Value(kernels.Norm([large, zeros(3)])) / expected, 6);
        }
        AssertLaunched(kernels, 4); // two of the four are not contiguous
    }

    [Theory]
    [InlineData(1003)]
    [InlineData(13)]
    public void Bfloat16_is_computed_in_float32_and_rounded_once(int count)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(13);
        var special = tensor(new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity, float.MaxValue, -float.MaxValue, 0, -0f,
            float.Epsilon, 1e-40f }).to(bfloat16);
        var weights = cat([randn(count, generator: generator).to(bfloat16), special]);
        var vectors = cat([randn(count, generator: generator).to(bfloat16), flip(special, 0)]);
        var results = empty_like(weights);
        KernelSets.Vectorized.Perturb([weights], [results], [vectors], tensor(0.37f));

        var expected = weights.to(float32).Plus(vectors.to(float32).mul(tensor(0.37f))).to(bfloat16);
        Close.Bits(expected.isnan(), results.isnan());
        Close.Bits(expected.nan_to_num(nan: 0), results.nan_to_num(nan: 0));
    }

    [Fact]
    public void The_number_of_threads_changes_no_bit()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(12);
        Tensor[] Random() => [.. Enumerable.Range(0, 70).Select(i => randn(i * 97, generator: generator)), randn(1_000_003, generator: generator)];
        var (weights, vectors) = (Random(), Random());
        var kernels = KernelSets.Vectorized;
        (Tensor Norm, Tensor[] Results) Run(int threads)
        {
            set_num_threads(threads);
            var results = weights.Select(w => w.clone()).ToArray();
            kernels.PerturbAdaptive(weights, results, vectors, tensor(0.3f), 0.01);
            return (kernels.AdaptiveNorm(weights, vectors, 0.01), results);
        }

        var (one, two) = (Run(1), Run(2));
        set_num_threads(1);
        Close.Bits(one.Norm, two.Norm);
        foreach (var (a, b) in one.Results.Zip(two.Results)) Close.Bits(a, b);
    }

    [Theory]
    [MemberData(nameof(Implementations))]
    public void Empty_lists_are_fine(string name)
    {
        var kernels = Named(name);
        using var scope = NewDisposeScope();
        Assert.Equal(0, Value(kernels.Norm([])));
        Assert.Equal(0, Value(kernels.AdaptiveNorm([], [], 0.01)));
        Assert.Equal(0, Value(kernels.Dot([], [])));
        kernels.Perturb([], [], [], tensor(1f));
        kernels.PerturbAdaptive([], [], [], tensor(1f), 0);
        kernels.Copy([], []);
        kernels.Accumulate([], [], 1);
        kernels.Mix([], tensor(1f), [], tensor(1f));
        AssertLaunched(kernels, 0);
    }

    [Theory]
    [MemberData(nameof(Implementations))]
    public void Empty_tensors_are_fine(string name)
    {
        var kernels = Named(name);
        using var scope = NewDisposeScope();
        Tensor[] nothing = [zeros(0), zeros(2, 0, 3)];
        var one = tensor(1f);
        Assert.Equal(0, Value(kernels.Norm(nothing)));
        Assert.Equal(0, Value(kernels.AdaptiveNorm(nothing, nothing, 0.01)));
        Assert.Equal(0, Value(kernels.Dot(nothing, nothing)));
        kernels.Perturb(nothing, nothing, nothing, one);
        kernels.PerturbAdaptive(nothing, nothing, nothing, one, 0);
        kernels.Copy(nothing, nothing);
        kernels.Accumulate(nothing, nothing, 1);
        kernels.Mix(nothing, one, nothing, one);
        AssertLaunched(kernels, 0);
    }

    [Theory]
    [MemberData(nameof(Implementations))]
    public void Leaf_parameters_are_changed_in_place_and_no_tensor_is_left_behind(string name)
    {
        var kernels = Named(name);
        using var scope = NewDisposeScope();
        var weight = new TorchSharp.Modules.Parameter(ones(4));
        Tensor[] weights = [weight], buffers = [zeros(4)], vectors = [ones(4)];
        var scale = tensor(0.5f);
        void Run()
        {
            kernels.Norm(vectors).Dispose();
            kernels.AdaptiveNorm(weights, vectors, 0.1).Dispose();
            kernels.Perturb(weights, weights, vectors, scale);
            kernels.PerturbAdaptive(weights, buffers, vectors, scale, 0.1);
            kernels.Accumulate(buffers, vectors, 0);
            kernels.Copy(vectors, vectors);
            kernels.Dot(weights, vectors).Dispose();
            kernels.Mix(buffers, scale, vectors, scale);
        }

        Run();
        var alive = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (var i = 0; i < 20; i++) Run();

        Assert.Equal(alive, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.True(weight.requires_grad && weight.is_leaf);
        Assert.Equal(1 + (21 * 0.5f), weight[0].item<float>());
        AssertLaunched(kernels, 21 * 11);
    }

    /// <summary>Squares that overflow or vanish in float32, and numbers that float16 cannot hold, where the result itself is representable.</summary>
    [Theory]
    [MemberData(nameof(Implementations))]
    public void Extreme_numbers_neither_overflow_nor_vanish(string name)
    {
        var kernels = Named(name);
        foreach (var size in new[] { 1e20f, 1e-23f })
        {
            var vectors = new[] { ones(10_000).Times(size), ones(7).Times(size) };
            Assert.Equal(size * Math.Sqrt(10_007), kernels.Norm(vectors).ReadDouble(), size * 1e-4);
            Assert.Equal(size * Math.Sqrt(10_007) * 1.5, kernels.AdaptiveNorm([ones(10_000), ones(7)], vectors, 0.5).ReadDouble(), size * 1e-3);
            Assert.Equal(1, kernels.Dot(vectors, vectors).ReadDouble() / ((double)size * size * 10_007), 4);
            var opposite = new[] { vectors[0].neg(), vectors[1].Times(3) };
            Assert.Equal(1, kernels.Dot(vectors, opposite).ReadDouble() / ((double)size * size * (21 - 10_000)), 4);

            // The metric's square is far beyond float32, e is not.
            var (weights, results) = (ones(10).Times(size), zeros(10));
            kernels.PerturbAdaptive([weights], [results], [ones(10)], kernels.Scale(kernels.AdaptiveNorm([weights], [ones(10)], 0), 0.5, 0), 0);
            Assert.Equal(1 + (0.5 / Math.Sqrt(10)), results.mean().ReadDouble() / size, 4);
        }
        Assert.False(double.IsFinite(kernels.Norm([tensor(new[] { 1f, float.PositiveInfinity })]).ReadDouble()));

        // A gradient of 6e-8 in float16 has a scale of about 1e6, beyond its range; e is an ordinary number.
        foreach (var dtype in new[] { float16, bfloat16 })
        {
            var (weights, vectors, results) = (ones(100).to(dtype), ones(100).Times(6e-8).to(dtype), zeros(100).to(dtype));
            var scale = kernels.Scale(kernels.Norm([vectors]), 0.5, 1e-12);
            kernels.Perturb([weights], [results], [vectors], scale);
            Assert.Equal(1.05, results.to(float64).mean().ReadDouble(), 0.01);
            kernels.PerturbAdaptive([weights], [results], [vectors], kernels.Scale(kernels.AdaptiveNorm([weights], [vectors], 0.01), 0.5, 1e-12),
                0.01);
            Assert.Equal(1 + (0.05 * 1.01), results.to(float64).mean().ReadDouble(), 0.01);
        }
    }
}
