using SamSharp.Optimizers;
using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.Wrapper;

/// <summary>The limit to the norm of the gradient that the base optimizer gets.</summary>
[TensorScope]
[Collection(GlobalRandomNumbers.Name)]
public class ClippingTests
{
    private const double Most = 0.02;

    public static TheoryData<string> Recipes => [.. AllRecipes.Names];

    /// <summary>The option is what a user does between Gradient and Apply, whatever the recipe.</summary>
    [Theory]
    [MemberData(nameof(Recipes))]
    public void The_final_gradient_of_every_recipe_is_clipped_once(string recipe)
    {
        using Problem byHand = new(), byOption = new();
        using var expected = Wrap(recipe, byHand, null);
        using var actual = Wrap(recipe, byOption, Most);
        for (var t = 0; t < 5; t++)
        {
            manual_seed(t);
            actual.Step(() => byOption.Backward(t)).Dispose();
            if (expected.Options.Combiner.ActsAfterStep)
            {
                Assert.True(actual.LastStep.GradientNorm > Most);
                continue;
            }
            manual_seed(t);
            expected.Gradient(() => byHand.Backward(t)).Dispose();
            var norm = nn.utils.clip_grad_norm_(byHand.Parameters, Most);
            expected.Apply();
            Assert.Equal(norm, actual.LastStep.GradientNorm, 12);
            Close.To(byHand.Weights(), byOption.Weights(), 1e-14);
        }
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    public void A_gradient_within_the_limit_keeps_its_bits(ScalarType dtype)
    {
        using Problem free = new(dtype, hidden: Problem.Large), limited = new(dtype, hidden: Problem.Large);
        using var expected = Wrap("Sam", free, null);
        using var actual = Wrap("Sam", limited, 1e6);
        for (var t = 0; t < 3; t++)
        {
            expected.Step(() => free.Backward(t)).Dispose();
            actual.Step(() => limited.Backward(t)).Dispose();
            Assert.True(double.IsNaN(expected.LastStep.GradientNorm));
            Assert.InRange(actual.LastStep.GradientNorm, 1e-3, 1e3);
        }
        Close.Bits(free.Weights(), limited.Weights());
    }

    /// <summary>Param groups, types and devices have buckets of their own, and one norm.</summary>
    [Fact]
    public void There_is_one_norm_over_all_parameters()
    {
        using var narrow = new Parameter(tensor(new[] { 1f, 2f }));
        using var wide = new Parameter(tensor(new[] { 3.0 }));
        using var left = new Parameter(tensor(new[] { 5.0 }));
        using var optimizer = new SharpnessAwareOptimizer(optim.SGD(
            [
                new SGD.ParamGroup([narrow], new SGD.Options { LearningRate = 1 }),
                new SGD.ParamGroup([wide, left], new SGD.Options { LearningRate = 1 }),
            ], 1), new SharpnessAwareOptions { Rho = 0, MaxGradientNorm = 2.5, Groups = [null, new() { Perturbed = false }] });
        optimizer.Step(() =>
        {
            var loss = narrow.sum().to(float64).Times(3).Plus(wide.sum().Times(4)).Plus(left.detach().sum());
            loss.backward();
            return loss;
        }).Dispose();
        var norm = Math.Sqrt(9 + 9 + 16);
        Assert.Equal(norm, optimizer.LastStep.GradientNorm, 1e-6);
        var factor = 2.5 / (norm + 1e-6);
        Close.To([1 - (3 * factor), 2 - (3 * factor)], narrow.to(float64).ReadAll<double>(), 1e-6);
        Close.To([3 - (4 * factor), 5], [wide[0].Value(), left[0].Value()], 1e-6);
    }

    [Fact]
    public void Two_phases_parts_and_a_loss_scale_are_clipped_alike()
    {
        var whole = Trained((optimizer, problem, t) => optimizer.Step(() => problem.Backward(t)).Dispose());
        Close.Bits(whole, Trained((optimizer, problem, t) =>
        {
            optimizer.zero_grad();
            problem.Backward(t).Dispose();
            optimizer.Ascend();
            problem.Backward(t).Dispose();
            optimizer.Descend();
        }));
        Close.Bits(whole, Trained((optimizer, problem, t) => optimizer.Step([new BatchPart(() => problem.Backward(t))]).Dispose()));
        Close.Bits(whole, Trained((optimizer, problem, t) =>
        {
            optimizer.Gradient(() => problem.Backward(t)).Dispose();
            optimizer.Apply();
        }));
        Close.Bits(whole, Trained(
            (optimizer, problem, t) => optimizer.Step(() =>
            {
                var loss = problem.Loss(Problem.Batch(problem.X, t), Problem.Batch(problem.Y, t));
                optimizer.Backward(loss);
                return loss;
            }).Dispose(),
            new LossScaler(InitialScale: 1024)));
        var parts = Trained((optimizer, problem, t) => optimizer.Step([Part(problem, t, 0), Part(problem, t, 4)]).Dispose(), rho: 0);
        Close.To(Trained((optimizer, problem, t) => optimizer.Step(() => problem.Backward(t)).Dispose(), rho: 0), parts, 1e-14);
    }

    /// <summary>A number that is not finite skips the step as ever, and the limit does not hide it.</summary>
    [Theory]
    [InlineData("SGD")]
    [InlineData("FusedSGD")]
    public void What_is_not_finite_is_skipped(string baseName)
    {
        using var problem = new Problem();
        using var optimizer = new SharpnessAwareOptimizer(
            baseName == "SGD" ? optim.SGD(problem.Parameters, 0.1) : new FusedSGD(problem.Parameters, 0.1),
            new SharpnessAwareOptions { MaxGradientNorm = Most });
        using var before = problem.Weights();
        foreach (var bad in new[] { double.NaN, double.PositiveInfinity })
        {
            optimizer.Step(() =>
            {
                var loss = problem.Backward();
                if (optimizer.IsPerturbed)
                {
                    using var gradient = problem.Parameters.First().grad!;
                    gradient.MultiplyBy(bad);
                }
                return loss;
            }).Dispose();
            Assert.True(optimizer.LastStep.Skipped);
            Close.Bits(before, problem.Weights());
        }
        Assert.Equal(2, optimizer.LastStep.SkippedSteps);
    }

    [Fact]
    public void It_leaves_no_tensors_behind() => Resume.LeavesNoTensors(problem => Wrap("Sam", problem, Most));

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void The_limit_is_a_positive_number(double limit) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new SharpnessAwareOptions { MaxGradientNorm = limit });

    private static BatchPart Part(Problem problem, int step, int from) => new(() =>
        problem.Backward(Problem.Batch(problem.X, step).narrow(0, from, 4), Problem.Batch(problem.Y, step).narrow(0, from, 4)));

    private static Tensor Trained(Action<SharpnessAwareOptimizer, Problem, int> step, LossScaler? scaler = null, double rho = 0.05)
    {
        using var problem = new Problem();
        using var optimizer = new SharpnessAwareOptimizer(optim.SGD(problem.Parameters, 0.1, momentum: 0.9),
            new SharpnessAwareOptions { Rho = rho, MaxGradientNorm = Most, LossScaler = scaler });
        for (var t = 0; t < 4; t++)
        {
            step(optimizer, problem, t);
            Assert.True(optimizer.LastStep.GradientNorm > Most);
        }
        return problem.Weights();
    }

    private static SharpnessAwareOptimizer Wrap(string recipe, Problem problem, double? most) =>
        new(optim.SGD(problem.Parameters, 0.1, momentum: 0.9), AllRecipes.Named(recipe, problem) with { MaxGradientNorm = most });
}
