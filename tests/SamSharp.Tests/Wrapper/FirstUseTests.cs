using SamSharp.Analysis;
using SamSharp.Optimizers;
using SamSharp.Tests.Support;

namespace SamSharp.Tests.Wrapper;

/// <summary>What a newcomer meets first: a loss that is not one number, a printed optimizer, a setting that a loop cannot honor.</summary>
[TensorScope]
public class FirstUseTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_loss_that_is_not_one_number_is_refused_in_a_sentence_and_nothing_moves(bool backward)
    {
        using var problem = new Problem();
        using var optimizer = new SharpnessAwareOptimizer(optim.SGD(problem.Parameters, 0.1), rho: 0.05);
        var before = problem.Parameters.Select(parameter => parameter.detach().clone()).ToArray();
        var error = Assert.Throws<InvalidOperationException>(() => optimizer.Step(() =>
        {
            var losses = nn.functional.cross_entropy(problem.Model.call(problem.X), problem.Y, reduction: nn.Reduction.None);
            if (backward)
            {
                losses.backward();
                return losses;
            }
            losses.mean().backward();
            return losses;
        }));
        Assert.Contains(backward ? "on a loss that is not one number: take its mean." : "The loss has shape [64]", error.Message,
            StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
        Assert.All(problem.Parameters.Zip(before), pair => Assert.True(pair.First.equal(pair.Second).all().item<bool>()));
        var direct = Assert.Throws<InvalidOperationException>(() => optimizer.Backward(ones(3)));
        Assert.Contains("The loss has shape [3]; it must be one number", direct.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_exception_of_the_closure_is_its_own()
    {
        using var problem = new Problem();
        using var optimizer = new SharpnessAwareOptimizer(optim.SGD(problem.Parameters, 0.1), rho: 0.05);
        Assert.Throws<System.Runtime.InteropServices.ExternalException>(() => optimizer.Step(() => ones(2, 3).mm(ones(2, 3))));
    }

    [Fact]
    public void An_optimizer_prints_its_recipe_radius_base_and_groups()
    {
        using var linear = nn.Linear(3, 2);
        using var plain = new FusedAdamW(linear.parameters(), 0.01).WithSharpnessAwareness(0.05);
        Assert.Equal(
            ["SharpnessAwareOptimizer around FusedAdamW: SAM, rho 0.05, steps made: 0",
                "  group 0: 2 parameters with 8 weights, learning rate 0.01, rho 0.05"],
            plain.ToString().Split(Environment.NewLine));

        using var other = nn.Linear(3, 2);
        using var sgd = optim.SGD([
            new TorchSharp.Modules.SGD.ParamGroup([other.weight!], new() { LearningRate = 0.1 }),
            new TorchSharp.Modules.SGD.ParamGroup([other.bias!], new() { LearningRate = 0.2 })], 0.1);
        using var optimizer = sgd.WithSharpnessAwareness(Recipe.Gsam(0.2) with
        {
            Groups = [new SharpnessGroup { Rho = 0.3 }, new SharpnessGroup { Perturbed = false }],
        });
        optimizer.Step(() =>
        {
            var loss = other.call(ones(4, 3)).Squared().mean();
            loss.backward();
            return loss;
        });
        var lines = optimizer.ToString().Split(Environment.NewLine);
        Assert.Equal("SharpnessAwareOptimizer around SGD: LearningRateTied+SurrogateGap, rho 0.2, steps made: 1", lines[0]);
        Assert.Equal("  group 0: 1 parameter with 6 weights, learning rate 0.1, rho 0.3", lines[1]);
        Assert.Equal("  group 1: 1 parameter with 2 weights, learning rate 0.2, not perturbed", lines[2]);
    }

    [Fact]
    public void A_two_phase_loop_refuses_to_replay_random_numbers()
    {
        using var problem = new Problem(dropout: 0.5);
        using var optimizer = new SharpnessAwareOptimizer(optim.SGD(problem.Parameters, 0.1), new SharpnessAwareOptions { ReplayRandomness = true });
        problem.Backward().Dispose();
        var error = Assert.Throws<InvalidOperationException>(optimizer.Ascend);
        Assert.Contains("ReplayRandomness", error.Message, StringComparison.Ordinal);
        Assert.Contains("Step(closure)", error.Message, StringComparison.Ordinal);
        Assert.False(optimizer.IsPerturbed);
    }

    [Fact]
    public void A_report_says_how_many_rows_only_where_it_knows()
    {
        using var problem = new Problem();
        var options = new SharpnessOptions { Measures = [new OneStepSharpness(new Ball(0.1))] };
        Tensor Loss() => nn.functional.cross_entropy(problem.Model.call(problem.X), problem.Y);
        string First(SharpnessReport report) => report.ToString().Split(Environment.NewLine)[0];
        var unknown = SharpnessReport.Measure(problem.Model, Loss, options);
        Assert.Equal(0, unknown.Rows);
        Assert.DoesNotContain("row", First(unknown), StringComparison.Ordinal);
        Assert.Contains(" on 64 rows, ", First(SharpnessReport.Measure(problem.Model, Loss, options, rows: 64)), StringComparison.Ordinal);
        Assert.Contains(" on 1 row, ", First(SharpnessReport.Measure(problem.Model, Loss, options, rows: 1)), StringComparison.Ordinal);
        var parts = SharpnessReport.Measure(problem.Model, [new LossBatch(Loss, 3), new LossBatch(Loss)], options);
        Assert.Equal(0, parts.Rows); // of one part they are not known
        Assert.Throws<InvalidOperationException>(() => SharpnessReport.Measure(
            problem.Model, () => nn.functional.cross_entropy(problem.Model.call(problem.X), problem.Y, reduction: nn.Reduction.None), options));
    }
}
