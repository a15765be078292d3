using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.Wrapper;

/// <summary>Gradients and losses that are no numbers never reach the weights.</summary>
[TensorScope]
public class NonFiniteTests
{
    public static TheoryData<int, double> Failures() => new()
    {
        { 1, double.NaN }, { 2, double.NaN }, { 1, double.PositiveInfinity }, { 2, double.NegativeInfinity },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public void A_step_with_a_gradient_that_is_no_number_is_left_out(int pass, double value)
    {
        using var problem = new Problem();
        using var undisturbed = new Problem();
        using var optimizer = new SharpnessAwareOptimizer(optim.SGD(problem.Parameters, 0.1, momentum: 0.9), rho: 0.2);
        using var expected = new SharpnessAwareOptimizer(optim.SGD(undisturbed.Parameters, 0.1, momentum: 0.9), rho: 0.2);
        optimizer.Step(() => problem.Backward(0)).Dispose();
        var calls = 0;
        var before = problem.Weights();

        optimizer.Step(() =>
        {
            var loss = problem.Backward(1);
            if (++calls == pass)
            {
                using var noGradient = no_grad();
                problem.Parameters.First().grad![0, 0] = tensor(value, dtype: float64);
            }
            return loss;
        }).Dispose();

        Assert.True(optimizer.LastStep.Skipped);
        Assert.Contains("skipped", optimizer.LastStep.ToString(), StringComparison.Ordinal);
        Close.Bits(before, problem.Weights());

        // Momentum is as if the step had never been.
        optimizer.Step(() => problem.Backward(2)).Dispose();
        Assert.False(optimizer.LastStep.Skipped);
        expected.Step(() => undisturbed.Backward(0)).Dispose();
        expected.Step(() => undisturbed.Backward(2)).Dispose();
        Close.Bits(undisturbed.Weights(), problem.Weights());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_loss_that_is_no_number_is_enough(int pass)
    {
        using var problem = new Problem();
        using var optimizer = new SharpnessAwareOptimizer(optim.SGD(problem.Parameters, 0.1), rho: 0.2);
        var before = problem.Weights();
        var calls = 0;
        optimizer.Step(() => ++calls == pass ? problem.Backward().Times(double.NaN) : problem.Backward()).Dispose();
        Assert.True(optimizer.LastStep.Skipped);
        Close.Bits(before, problem.Weights());
    }

    [Fact]
    public void A_plain_step_is_left_out_too()
    {
        var weight = new Parameter(ones(2));
        using var optimizer = new SharpnessAwareOptimizer(optim.SGD([weight], 0.1), rho: 0);
        optimizer.Step(() =>
        {
            var loss = weight.Times(float.NaN).sum();
            loss.backward();
            return loss;
        }).Dispose();
        Assert.True(optimizer.LastStep.Skipped);
        Assert.Equal(2f, weight.sum().item<float>());
    }

    [Fact]
    public void The_check_can_be_turned_off()
    {
        using var problem = new Problem();
        using var optimizer = new SharpnessAwareOptimizer(optim.SGD(problem.Parameters, 0.1), new SharpnessAwareOptions { SkipNonFinite = false });
        optimizer.Step(() =>
        {
            var loss = problem.Backward().Times(double.NaN);
            return loss;
        }).Dispose();
        Assert.False(optimizer.LastStep.Skipped);
        using var moved = new Problem();
        Assert.NotEqual(0, (moved.Weights() - problem.Weights()).abs().max().item<double>());
    }

    /// <summary>A loss that is not a number while the gradients are finite, in any pass of a step.</summary>
    [Theory]
    [InlineData("CrSam")]
    [InlineData("MultiStepSam")]
    [InlineData("Sampa")]
    [InlineData("TraceSam")]
    [InlineData("FrobeniusSam")]
    [InlineData("TwoPointNoise")]
    [InlineData("Sam")]
    public void A_loss_that_is_not_a_number_is_noticed_in_every_pass(string recipe)
    {
        for (var failing = 1; ; failing++)
        {
            using var problem = new Problem();
            using var optimizer = AllRecipes.Wrap(recipe, problem, optim.SGD(problem.Parameters, 0.1, momentum: 0.9))!;
            var before = problem.Weights();
            var passes = 0;
            optimizer.Step(() =>
            {
                var loss = problem.Backward();
                return ++passes == failing ? loss.Times(double.NaN) : loss;
            }).Dispose();
            if (passes < failing) return;
            Assert.True(optimizer.LastStep.Skipped, $"pass {failing} of {recipe}");
            Close.Bits(before, problem.Weights());
        }
    }

    [Fact]
    public void Large_half_precision_gradients_are_no_overflow()
    {
        var weight = new Parameter(zeros(64, dtype: float16));
        using var optimizer = new SharpnessAwareOptimizer(optim.SGD([weight], 1e-6), rho: 0.01);
        optimizer.Step(() =>
        {
            var loss = weight.Times(30000).sum().Over(64);
            loss.backward([ones_like(loss).Times(64)]);
            return loss;
        }).Dispose();
        Assert.False(optimizer.LastStep.Skipped);
        Assert.Equal(30000 * 8.0, optimizer.LastStep.DirectionNorm, 0);
    }
}
