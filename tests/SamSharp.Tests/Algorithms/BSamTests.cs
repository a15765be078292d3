using SamSharp.Optimizers;
using SamSharp.Steps;
using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.Algorithms;

/// <summary>bSAM beyond the trajectories of the authors' code.</summary>
[TensorScope]
public class BSamTests
{
    /// <summary>H = [[2, 1], [1, 4]], w = (1, -0.5), g = (1.5, -1), s = 1, no noise: e = 0.1 g, h = H (w + e) = (1.7, -1.25) as unnormalized SAM's.
    /// m = 0.1 (h + 0.5 w) = (0.22, -0.15); w - 0.1 m; s = 0.9 + 0.1 (|g| + 0.1 + 0.5).</summary>
    [Fact]
    public void One_step_on_the_quadratic()
    {
        var quadratic = new Quadratic();
        using var optimizer = new BSam([quadratic.W], dataSize: 50, lr: 0.1, rho: 0.1, beta2: 0.9, weightDecay: 0.5, noise: new Scaled(0));
        using var loss = optimizer.Step(quadratic.Backward);
        Close.To([1.15, -0.6], quadratic.Points[1]);
        Close.To([1 - 0.022, -0.5 + 0.015], quadratic.Weights);
        var state = (ParameterState)optimizer.state_dict().State[0];
        Close.To([0.9 + 0.21, 0.9 + 0.16], state["precisions"]!.data<double>().ToArray());
        // (2 * 1.15^2 - 2 * 1.15 * 0.6 + 4 * 0.6^2) / 2
        Assert.Equal(1.3525, loss.item<double>(), 10);
    }

    [Fact]
    public void Noise_has_the_posterior_s_deviation_and_only_the_first_pass_sees_it()
    {
        var quadratic = new Quadratic();
        using var optimizer = new BSam([quadratic.W], dataSize: 25, rho: 0, initialPrecision: 4, noise: new Scaled(1));
        optimizer.Step(quadratic.Backward).Dispose();
        Close.To([1.1, -0.4], quadratic.Points[0]);
        Close.To([1, -0.5], quadratic.Points[1], 0);
    }

    [Fact]
    public void Each_step_and_part_has_noise_of_its_own_and_equal_parts_weigh_as_one()
    {
        var quadratic = new Quadratic();
        using var optimizer = new BSam([quadratic.W], dataSize: 50, lr: 0);
        for (var t = 0; t < 2; t++) optimizer.Step([new(quadratic.Backward), new(quadratic.Backward)]).Dispose();
        Assert.Equal(4, new[] { 0, 2, 4, 6 }.Select(pass => quadratic.Points[pass][0]).Distinct().Count());

        Quadratic whole = new(), split = new();
        using var one = new BSam([whole.W], 50, noise: new Scaled(0.3));
        using var two = new BSam([split.W], 50, noise: new Scaled(0.3));
        one.Step(whole.Backward).Dispose();
        two.Step([new(split.Backward, 3), new(split.Backward)]).Dispose();
        Close.To(whole.Weights, split.Weights, 1e-14);
    }

    /// <summary>Broken in the pass at the drawn weights, which also breaks the second loss, or at w + e alone, where both losses are good.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Weights_are_back_when_a_closure_throws_and_a_broken_gradient_moves_nothing(int broken)
    {
        using var problem = new Problem(hidden: Problem.Large);
        using var optimizer = new BSam(problem.Parameters, 64);
        optimizer.Step(() => problem.Backward()).Dispose();
        var before = problem.Weights();
        var calls = 0;
        Assert.Throws<ThrownByTest>(() =>
            optimizer.Step(() => ++calls == 2 ? throw new ThrownByTest() : problem.Backward()));
        Close.Bits(before, problem.Weights());

        var pass = 0;
        optimizer.Step(() =>
        {
            using var loss = problem.Backward();
            using (no_grad())
            {
                if (++pass == broken) problem.Parameters.First().grad!.Fill(double.NaN);
            }
            return loss.detach();
        }).Dispose();
        Assert.True(optimizer.SkippedLastStep);
        Close.Bits(before, problem.Weights());
        optimizer.Step(() => problem.Backward()).Dispose();
        Assert.False(optimizer.SkippedLastStep);
        Assert.Equal(2, ((ParameterState)optimizer.state_dict().State[0]).Step);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_loss_that_is_no_number_leaves_the_step_out_although_gradients_are_finite(int pass)
    {
        using var problem = new Problem();
        using var optimizer = new BSam(problem.Parameters, 64);
        var before = problem.Weights();
        var calls = 0;
        optimizer.Step(() => ++calls == pass ? problem.Backward().Times(double.NaN) : problem.Backward()).Dispose();
        Assert.True(optimizer.SkippedLastStep);
        Close.Bits(before, problem.Weights());
        Assert.Equal(0, ((ParameterState)optimizer.state_dict().State[0]).Step);
    }

    [Fact]
    public void A_group_that_cannot_be_taken_up_changes_nothing()
    {
        var weight = new Parameter(ones(3));
        using var optimizer = new BSam([weight], 50);
        var twin = new Parameter(weight.detach()); // the same memory under another handle
        Assert.Throws<ArgumentException>(() => optimizer.add_param_group(new BSam.ParamGroup([twin])));
        Assert.Single(optimizer.ParamGroups);
        Assert.Single(optimizer.state_dict().State);
    }

    [Fact]
    public void A_parameter_without_gradient_stays_and_groups_have_their_own_numbers()
    {
        var unused = new Parameter(tensor(new[] { 3.0 }));
        Quadratic first = new(), second = new();
        using var optimizer = new BSam(
            [new BSam.ParamGroup([first.W, unused]), new BSam.ParamGroup([second.W], new BSam.Options { LearningRate = 0 })], 50);
        optim.lr_scheduler.StepLR(optimizer, 1, 0.5).step();
        Assert.Equal(0.25, optimizer.ParamGroups.First().LearningRate);
        optimizer.Step(() => first.Backward().Plus(second.Backward())).Dispose();
        Assert.Equal(3, unused.item<double>());
        Close.To([1, -0.5], second.Weights, 0);
        Assert.NotEqual(1, first.Weights[0]);
    }

    [Fact]
    public void Arguments_are_checked()
    {
        var quadratic = new Quadratic();
        Assert.Contains("dataSize", Assert.Throws<ArgumentOutOfRangeException>(() => new BSam([quadratic.W], 0)).Message, StringComparison.Ordinal);
        using var optimizer = new BSam([quadratic.W], 50);
        Assert.Contains("closure", Assert.Throws<InvalidOperationException>(() => optimizer.step()).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => optimizer.Step(Array.Empty<BatchPart>()));
        Assert.Throws<InvalidOperationException>(() => optimizer.Step(() => tensor(1.0)));
    }

    [Fact]
    public void Resumed_training_equals_uninterrupted_and_nothing_is_left_behind() =>
        PerturbingOptimizerChecks.Run(problem => new BSam(problem.Parameters, 64), (optimizer, problem, t) =>
            optimizer.Step([new(() => problem.Backward(t)), new(() => problem.Backward(t + 1))]).Dispose());

    [Fact]
    public void Half_precision_weights_have_their_state_in_float32()
    {
        var weight = new Parameter(tensor(new[] { 1f, -2f }).to(bfloat16));
        using var optimizer = new BSam([weight], 50, lr: 0.1, noise: new Scaled(0));
        optimizer.Step(() =>
        {
            var loss = weight.Squared().sum();
            loss.backward();
            return loss;
        }).Dispose();
        Assert.Equal(float32, ((ParameterState)optimizer.state_dict().State[0])["precisions"]!.dtype);
        // h = 2 w (1 + 0.2), m = 0.1 (h + 0.5 w) = 0.29 w, w (1 - 0.029)
        Close.To([0.971, -1.942], weight.detach().to(float64).data<double>().ToArray(), 0.006);
    }

    /// <summary>The same number everywhere.</summary>
    private sealed class Scaled(double value) : INoise
    {
        public Tensor Sample(ParameterSlot slot, long number, int draw) => slot.Parameter.FullLike(value);
    }
}
