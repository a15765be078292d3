using SamSharp.Tests.Support;

namespace SamSharp.Tests.Algorithms;

/// <summary>VaSSO beyond its golden runs.</summary>
[TensorScope]
public class AveragedGradientTests
{
    [Fact]
    public void The_newest_gradient_alone_is_SAM()
    {
        using var one = new Problem();
        using var other = new Problem();
        using var vasso = optim.SGD(one.Parameters, 0.1).WithSharpnessAwareness(Recipe.Vasso(0.2, theta: 1));
        using var sam = optim.SGD(other.Parameters, 0.1)
            .WithSharpnessAwareness(new SharpnessAwareOptions { Rho = 0.2, Geometry = new SamSharp.EuclideanGeometry(1e-7) });
        for (var t = 0; t < 4; t++)
        {
            vasso.Step(() => one.Backward(t)).Dispose();
            sam.Step(() => other.Backward(t)).Dispose();
        }
        Close.Bits(other.Weights(), one.Weights());
    }

    [Fact]
    public void The_second_ascent_follows_the_average_of_two_gradients()
    {
        var quadratic = new Quadratic();
        using var optimizer = optim.SGD([quadratic.W], 0.1)
            .WithSharpnessAwareness(new SharpnessAwareOptions { Rho = 0.1, Direction = new AveragedGradient(0.25) });
        optimizer.Step(quadratic.Backward).Dispose();
        var (x, y) = (quadratic.Weights[0], quadratic.Weights[1]);
        optimizer.Step(quadratic.Backward).Dispose();

        // d = 3/4 (1.5, -1) + 1/4 H w
        var (dx, dy) = ((0.75 * 1.5) + (0.25 * ((2 * x) + y)), (0.75 * -1) + (0.25 * (x + (4 * y))));
        var norm = Math.Sqrt((dx * dx) + (dy * dy));
        Close.To([x + (0.1 * dx / norm), y + (0.1 * dy / norm)], quadratic.Points[3]);
        Assert.Equal(norm, optimizer.LastStep.DirectionNorm, 8);
    }

    [Fact]
    public void It_resumes_and_leaves_nothing_behind()
    {
        static SharpnessAwareOptimizer Wrap(Problem problem) =>
            optim.SGD(problem.Parameters, 0.1, momentum: 0.9).WithSharpnessAwareness(Recipe.Vasso(0.2, 0.4));
        Resume.EqualsUninterrupted(Wrap);
        Resume.LeavesNoTensors(Wrap);
    }

    [Fact]
    public void One_gradient_a_step()
    {
        using var problem = new Problem();
        Assert.Contains("AscentSteps", Assert.Throws<ArgumentException>(() => optim.SGD(problem.Parameters, 0.1)
            .WithSharpnessAwareness(Recipe.Vasso() with { AscentSteps = 2 })).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => new AveragedGradient(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new AveragedGradient(1.1));
    }
}
