using SamSharp.Optimizers;
using SamSharp.Tests.Support;

namespace SamSharp.Tests.Algorithms;

/// <summary>SAMPa beyond its golden runs.</summary>
[TensorScope]
public class LookAheadGradientTests
{
    [Fact]
    public void The_second_step_looks_at_the_worst_point_and_ahead()
    {
        var quadratic = new Quadratic();
        using var optimizer = optim.SGD([quadratic.W], 0.1).WithSharpnessAwareness(Recipe.Sampa(0.1));
        optimizer.Step(quadratic.Backward).Dispose();
        Close.To([0.85, -0.4], quadratic.Weights);
        optimizer.Step(quadratic.Backward).Dispose();

        Assert.Equal(4, quadratic.Points.Count);
        Close.To([0.85 + 0.083205029, -0.4 - 0.055470020], quadratic.Points[2]);
        Close.To([0.85 - 0.15, -0.4 + 0.1], quadratic.Points[3]);
        // 0.8 H (0.933205029, -0.45547002) + 0.2 H (0.7, -0.3)
        Close.To([1.348752030, -0.810940041], quadratic.FinalGradient);
        Close.To([0.85 - 0.1348752030, -0.4 + 0.0810940041], quadratic.Weights);
    }

    [Fact]
    public void One_batch_and_neither_radius_nor_share_is_gradient_descent()
    {
        using var one = new Problem();
        using var other = new Problem();
        using var optimizer = optim.SGD(one.Parameters, 0.1).WithSharpnessAwareness(Recipe.Sampa(rho: 0, lambda: 0));
        using var plain = optim.SGD(other.Parameters, 0.1);
        for (var t = 0; t < 3; t++)
        {
            optimizer.Step(() => one.Backward()).Dispose();
            plain.zero_grad();
            other.Backward().Dispose();
            plain.step();
        }
        Close.Bits(other.Weights(), one.Weights());
    }

    [Fact]
    public void Fused_SGD_looks_ahead_as_SGD_does()
    {
        using var one = new Problem();
        using var other = new Problem();
        using var plain = optim.SGD(one.Parameters, 0.1, momentum: 0.9, weight_decay: 0.01).WithSharpnessAwareness(Recipe.Sampa(0.2));
        using var fused = new FusedSGD(other.Parameters, 0.1, momentum: 0.9, weightDecay: 0.01).WithSharpnessAwareness(Recipe.Sampa(0.2));
        for (var t = 0; t < 4; t++)
        {
            plain.Step(() => one.Backward(t), () => one.Backward(t + 1)).Dispose();
            fused.Step(() => other.Backward(t), () => other.Backward(t + 1)).Dispose();
        }
        Close.To(one.Weights(), other.Weights());
    }

    [Fact]
    public void A_gradient_ahead_that_is_not_finite_skips_its_step_and_no_more()
    {
        using var problem = new Problem();
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(Recipe.Sampa(0.2));
        optimizer.Step(() => problem.Backward()).Dispose();
        var before = problem.Weights();
        optimizer.Step(() => problem.Backward(), () =>
        {
            var loss = problem.Backward();
            using (no_grad()) problem.Parameters.First().grad!.MultiplyBy(double.NaN);
            return loss;
        }).Dispose();
        Assert.True(optimizer.LastStep.Skipped);
        Close.Bits(before, problem.Weights());
        for (var t = 0; t < 2; t++)
        {
            optimizer.Step(() => problem.Backward()).Dispose();
            Assert.False(optimizer.LastStep.Skipped);
        }
    }

    [Fact]
    public void What_cannot_look_ahead_is_refused()
    {
        using var problem = new Problem();
        void Refused(string why, Func<optim.Optimizer> baseOptimizer, SharpnessAwareOptions recipe) =>
            Assert.Contains(why, Assert.Throws<ArgumentException>(() => baseOptimizer().WithSharpnessAwareness(recipe)).Message,
                StringComparison.Ordinal);
        Refused("SGD", () => optim.AdamW(problem.Parameters), Recipe.Sampa());
        Refused("nesterov", () => optim.SGD(problem.Parameters, 0.1, momentum: 0.9, nesterov: true), Recipe.Sampa());
        Refused("both to the same one", () => optim.SGD(problem.Parameters, 0.1), Recipe.Sampa() with { Direction = new StaleGradient() });
        Assert.Throws<ArgumentOutOfRangeException>(() => new LookAheadGradient(1.2));
        Refused("both to the same one", () => optim.SGD(problem.Parameters, 0.1), Recipe.Sampa() with { Combiner = new LookAheadGradient(0.3) });
    }

    [Fact]
    public void It_resumes_and_leaves_nothing_behind()
    {
        static SharpnessAwareOptimizer Wrap(Problem problem) =>
            optim.SGD(problem.Parameters, 0.1, momentum: 0.9).WithSharpnessAwareness(Recipe.Sampa(0.2));
        static void Step(SharpnessAwareOptimizer optimizer, Problem problem, int t) =>
            optimizer.Step(() => problem.Backward(Math.Max(t - 1, 0)), () => problem.Backward(t)).Dispose();
        Resume.EqualsUninterrupted(Wrap, Step);
        Resume.LeavesNoTensors(Wrap, (optimizer, problem, t) => optimizer.Step(() => problem.Backward(t)).Dispose());
    }
}
