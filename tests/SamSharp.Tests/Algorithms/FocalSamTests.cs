using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.Algorithms;

/// <summary>What the trajectories of the authors' code do not show of Focal-SAM and of SA-BNN.</summary>
[TensorScope]
public class FocalSamTests
{
    /// <summary>Weights of 0 leave the mean loss at w, weights of 1 make it SAM.</summary>
    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0.1)]
    public void Focal_sam_lies_between_the_base_and_sam(double weight, double rho)
    {
        using var problem = new Problem();
        using var other = new Problem();
        using var focal = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(0.1);
        using var sam = optim.SGD(other.Parameters, 0.1).WithSharpnessAwareness(rho);
        var weights = ScalarArithmetic.Full([8], weight, float64);
        for (var t = 0; t < 3; t++)
        {
            focal.FocalStep(() => LossesOf(problem, t), weights).Dispose();
            sam.Step(() => other.Backward(t)).Dispose();
        }
        Close.To(other.Weights(), problem.Weights(), 1e-14);
    }

    /// <summary>With weights of one half, half of the loss is taken at w and half at w + e: neither the base nor SAM.</summary>
    [Fact]
    public void The_rest_of_the_losses_stays_at_w()
    {
        using var problem = new Problem();
        using var optimizer = optim.SGD(problem.Parameters, 0).WithSharpnessAwareness(0.1);
        double[] GradientBy(Action step)
        {
            step();
            return problem.Gradients().ReadAll<double>();
        }
        var sharp = GradientBy(() => optimizer.Step(() => problem.Backward()).Dispose());
        optimizer.Groups[0].Rho = 0;
        var plain = GradientBy(() => optimizer.Step(() => problem.Backward()).Dispose());
        optimizer.Groups[0].Rho = 0.1;
        var half = GradientBy(() => optimizer.FocalStep(() => LossesOf(problem, 0), ScalarArithmetic.Full([8], 0.5, float64)).Dispose());
        Close.To([.. sharp.Zip(plain, (a, b) => (a + b) / 2)], half, 1e-11);
        Assert.True(sharp.Zip(plain, (a, b) => Math.Abs(a - b)).Max() > 1e-4);
    }

    [Fact]
    public void Focal_sam_goes_on_from_a_checkpoint_and_leaves_no_tensors()
    {
        var weights = ScalarArithmetic.Range(8).to(float64).Over(8);
        void Step(SharpnessAwareOptimizer optimizer, Problem problem, int t) => optimizer.FocalStep(() => LossesOf(problem, t), weights).Dispose();
        SharpnessAwareOptimizer Wrap(Problem problem) => optim.SGD(problem.Parameters, 0.1, momentum: 0.9).WithSharpnessAwareness(0.1);
        Resume.EqualsUninterrupted(Wrap, Step);
        Resume.LeavesNoTensors(Wrap, Step);
    }

    [Fact]
    public void A_flat_posterior_goes_on_from_a_checkpoint_and_leaves_no_tensors()
    {
        var deviation = new Parameter(ScalarArithmetic.Full([10, 6], 0.3, float64), requires_grad: false);
        SharpnessAwareOptimizer Wrap(Problem problem) => optim.SGD(problem.Parameters, 0.1, momentum: 0.9)
            .WithSharpnessAwareness(Recipe.VariationalSam([(problem.Parameters.First(), deviation)]));
        Resume.EqualsUninterrupted(Wrap);
        Resume.LeavesNoTensors(Wrap);
    }

    /// <summary>Deviations of |mu| make the scale of the means 1, as in SAM; that of the other parameters is their size.</summary>
    [Fact]
    public void A_deviation_as_large_as_the_mean_is_sam()
    {
        var (flat, plain) = (new Quadratic(), new Quadratic());
        var deviation = new Parameter(flat.W.detach().abs(), requires_grad: false);
        using var first = optim.SGD([flat.W], 0.1).WithSharpnessAwareness(Recipe.VariationalSam([(flat.W, deviation)], 0.1, raw => raw.alias()));
        using var second = optim.SGD([plain.W], 0.1).WithSharpnessAwareness(0.1);
        first.Step(flat.Backward).Dispose();
        second.Step(plain.Backward).Dispose();
        Close.To(plain.Weights, flat.Weights, 1e-12);
    }

    private static Tensor LossesOf(Problem problem, int step)
    {
        using var scope = NewDisposeScope();
        return nn.functional.cross_entropy(problem.Model.forward(Problem.Batch(problem.X, step)), Problem.Batch(problem.Y, step),
            reduction: nn.Reduction.None).MoveToOuterDisposeScope();
    }
}
