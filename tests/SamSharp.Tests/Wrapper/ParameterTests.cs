using SamSharp.Optimizers;
using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.Wrapper;

/// <summary>Parameters of every kind that a model may have.</summary>
[TensorScope]
public class ParameterTests
{
    [Fact]
    public void A_parameter_without_gradient_is_neither_perturbed_nor_moved()
    {
        using var problem = new Problem();
        var unused = new Parameter(ones(3, dtype: float64));
        using var optimizer = new SharpnessAwareOptimizer(optim.AdamW([.. problem.Parameters, unused], 0.1, weight_decay: 0.5), rho: 0.2);
        for (var t = 0; t < 3; t++)
        {
            optimizer.zero_grad();
            optimizer.Step(() =>
            {
                Close.To([1, 1, 1], unused.detach().data<double>().ToArray(), 0);
                return problem.Backward(t);
            }).Dispose();
        }
        Close.To([1, 1, 1], unused.detach().data<double>().ToArray(), 0);
    }

    [Fact]
    public void Layers_can_be_frozen_and_thawed_between_steps()
    {
        using var problem = new Problem();
        using var alone = new Problem();
        var frozen = problem.Parameters.First();
        using var optimizer = new SharpnessAwareOptimizer(optim.SGD(problem.Parameters, 0.1), rho: 0.2);
        using var without = new SharpnessAwareOptimizer(optim.SGD(alone.Parameters.Skip(1), 0.1), rho: 0.2);
        var before = frozen.detach().clone();

        frozen.requires_grad = false;
        optimizer.Step(() => problem.Backward()).Dispose();
        without.Step(() => alone.Backward()).Dispose();
        Close.Bits(before, frozen);
        Close.Bits(alone.Weights(), problem.Weights());

        frozen.requires_grad = true;
        optimizer.Step(() => problem.Backward()).Dispose();
        Assert.NotEqual(0, (frozen - before).abs().max().item<double>());
    }

    [Fact]
    public void The_same_parameter_twice_is_refused()
    {
        var weight = new Parameter(ones(2, 3));
        var error = Assert.Throws<ArgumentException>(() => new SharpnessAwareOptimizer(optim.SGD([weight, weight], 0.1)));
        Assert.Contains("parameter 1 of group 0, shape [2, 3] holds the same weights as parameter 0", error.Message, StringComparison.Ordinal);
        Assert.Contains("twice", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float16)]
    public void Tied_weights_under_two_handles_are_refused_with_their_names(ScalarType dtype)
    {
        using var embedding = nn.Embedding(5, 4, dtype: dtype);
        using var head = nn.Linear(4, 5, hasBias: false, dtype: dtype);
        head.weight = embedding.weight!;
        using var model = nn.Sequential(("embedding", embedding), ("head", head));

        var error = Assert.Throws<ArgumentException>(() => new SharpnessAwareOptimizer(optim.SGD(model.parameters(), 0.1),
            new SharpnessAwareOptions { Module = model }));

        Assert.Contains("(head.weight)", error.Message, StringComparison.Ordinal);
        Assert.Contains("(embedding.weight)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Slices_of_one_buffer_are_different_weights()
    {
        var buffer = randn(10, dtype: float64);
        Parameter[] slices = [new(buffer.narrow(0, 0, 5)), new(buffer.narrow(0, 5, 5))];
        var before = buffer.clone();
        using var optimizer = new SharpnessAwareOptimizer(optim.SGD(slices, 0), rho: 0.1);
        optimizer.Step(() =>
        {
            var loss = slices[0].Squared().sum().Plus(slices[1].sum());
            loss.backward();
            return loss;
        }).Dispose();
        Close.Bits(before, buffer);
    }

    [Fact]
    public void Dtypes_and_layouts_mix_under_one_norm()
    {
        Parameter[] weights =
        [
            new(tensor(new[] { 3.0 })),
            new(tensor(new[] { 4f })),
            new(tensor(new float[] { 0, 1, 12, 3 }, [2, 2]).t()),
            new(ones(2, dtype: bfloat16)),
        ];
        Assert.False(weights[2].is_contiguous());
        var before = weights.Select(w => w.detach().clone()).ToArray();
        using var optimizer = new SharpnessAwareOptimizer(optim.SGD(weights, 0), rho: 0.13);
        var calls = 0;

        optimizer.Step(() =>
        {
            if (++calls == 2)
            {
                // The gradient is (3), (4), (0, 12, 0, 0) transposed, and 0: norm 13.
                Assert.Equal(3.03, weights[0].item<double>(), 7);
                Assert.Equal(4.04f, weights[1].item<float>(), 6);
                Assert.Equal(12.12f, weights[2][0, 1].item<float>(), 6);
                Assert.Equal(1f, weights[2][1, 0].item<float>());
            }
            var loss = weights[0].Squared().sum().Over(2).Plus(weights[1].Squared().sum().Over(2)).Plus(weights[2][0, 1].Squared().Over(2))
                .Plus(weights[3].sum().Times(0));
            loss.backward();
            return loss;
        }).Dispose();

        Assert.Equal(13, optimizer.LastStep.DirectionNorm, 6);
        for (var i = 0; i < weights.Length; i++) Close.Bits(before[i], weights[i]);
    }

    [Fact]
    public void Groups_have_their_own_radius_or_stay_out()
    {
        Parameter[] weights = [new(tensor(new[] { 3.0 })), new(tensor(new[] { 4.0 })), new(tensor(new[] { 12.0 }))];
        using var optimizer = new SharpnessAwareOptimizer(
            optim.SGD(weights.Select(w => new SGD.ParamGroup { Parameters = [w] }), 0.1),
            new SharpnessAwareOptions { Rho = 0.5, Groups = [null, new() { Rho = 1 }, new() { Perturbed = false }] });
        var points = new List<double[]>();
        Tensor Closure()
        {
            points.Add(weights.Select(w => w.item<double>()).ToArray());
            var loss = weights.Select(w => w.Squared().sum().Over(2)).Aggregate((a, b) => a.Plus(b));
            loss.backward();
            return loss;
        }

        optimizer.Step(Closure).Dispose();

        Close.To([3.3, 4.8, 12], points[1], 1e-12);
        Close.To([3 - 0.33, 4 - 0.48, 12 - 1.2], weights.Select(w => w.item<double>()).ToArray(), 1e-12);
        Assert.Equal(1, optimizer.LastStep.Radius);

        optimizer.Groups[0].Perturbed = optimizer.Groups[1].Perturbed = false;
        optimizer.Step(Closure).Dispose();
        Assert.Equal(3, points.Count);
    }

    [Fact]
    public void Moving_the_model_after_building_the_optimizer_is_explained()
    {
        using var model = nn.Linear(2, 2);
        using var optimizer = new SharpnessAwareOptimizer(optim.AdamW(model.parameters(), 0.1));
        model.to(float64);
        var error = Assert.Throws<InvalidOperationException>(() => optimizer.Step(() =>
        {
            var loss = model.forward(ones(1, 2, dtype: float64)).sum();
            loss.backward();
            return loss;
        }));
        Assert.Contains("model.to(...)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sparse_gradients_are_refused_before_any_weight_moves()
    {
        using var embedding = nn.Embedding(5, 4, sparse: true);
        using var optimizer = new SharpnessAwareOptimizer(optim.SGD(embedding.parameters(), 0.1));
        var before = embedding.weight!.detach().clone();
        var error = Assert.Throws<NotSupportedException>(() => optimizer.Step(() =>
        {
            var loss = embedding.forward(tensor(new long[] { 1, 2 })).sum();
            loss.backward();
            return loss;
        }));
        Assert.Contains("sparse: false", error.Message, StringComparison.Ordinal);
        Close.Bits(before, embedding.weight);
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_radius_that_is_none_is_refused(double rho)
    {
        using var problem = new Problem();
        Assert.Contains($"{rho}", Assert.Throws<ArgumentOutOfRangeException>(() =>
            new SharpnessAwareOptimizer(optim.SGD(problem.Parameters, 0.1), rho)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => new SharpnessAwareOptions { Rho = rho });
        Assert.Throws<ArgumentOutOfRangeException>(() => new SharpnessGroup { Rho = rho });
    }

    /// <summary>libtorch lets any tensor be a gradient; kernels would read past its end.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_gradient_unlike_its_parameter_is_refused_and_nothing_moves(bool fused)
    {
        foreach (var odd in new Func<Tensor>[] { () => ones(1), () => ones(3), () => ones(2, 2), () => ones(4, float64), () => ones(4, bfloat16) })
        {
            var weight = new Parameter(ones(4));
            using var optimizer = (fused ? (optim.Optimizer)new FusedSGD([weight], 0.1) : optim.SGD([weight], 0.1)).WithSharpnessAwareness();
            void Refused(Action action) =>
                Assert.Contains("alike", Assert.Throws<InvalidOperationException>(action).Message, StringComparison.Ordinal);
            weight.grad = odd();
            Refused(optimizer.Ascend);
            weight.grad = odd();
            Refused(optimizer.Apply);
            Refused(() => optimizer.Step(() =>
            {
                weight.grad = odd();
                return zeros(1);
            }));
            Assert.True(weight.detach().SameBits(ones(4)));
        }
    }

    [Fact]
    public void More_group_settings_than_groups_are_refused()
    {
        using var problem = new Problem();
        Assert.Throws<ArgumentException>(() =>
            new SharpnessAwareOptimizer(optim.SGD(problem.Parameters, 0.1), new SharpnessAwareOptions { Groups = [null, null] }));
    }
}
