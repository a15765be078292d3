using SamSharp.Tests.Support;

namespace SamSharp.Tests.Algorithms;

/// <summary>GraphSAM, on the quadratic.</summary>
public class RefreshedAverageTests
{
    [Fact]
    public void Refreshed_in_every_step_it_is_adaptive_SAM_within_the_limit()
    {
        var quadratic = new Quadratic();
        using var optimizer = optim.SGD([quadratic.W], 0.1).WithSharpnessAwareness(Recipe.GraphSam(stepsPerEpoch: 1, epochsPerDecay: 100, rho: 0.1));
        optimizer.Step(quadratic.Backward).Dispose();
        Close.To([1.094868330, -0.515811388], quadratic.Points[1]);
        Close.To([1.673925271, -0.968377223], quadratic.FinalGradient);
    }

    [Fact]
    public void No_tensor_is_moved_by_more_than_the_radius()
    {
        var (far, near) = (new Quadratic(), new Quadratic());
        using (no_grad()) far.W.MultiplyBy(10);
        using var optimizer = optim.SGD([far.W, near.W], 0.1).WithSharpnessAwareness(Recipe.GraphSam(1, 100, rho: 0.1));
        optimizer.Step(() =>
        {
            using var other = near.Backward();
            return far.Backward();
        }).Dispose();
        // Of w^2 g = (1500, -250) and (1.5, -0.25) over || |w| g || = sqrt(150^2 + 50^2 + 1.5^2 + 0.5^2) = 158.12178: the first is cut to 0.1.
        Close.To([10.098639392, -5.016439899], far.Points[1]);
        Close.To([1 + (0.15 / 158.12178), -0.5 - (0.025 / 158.12178)], near.Points[1], 1e-7);
    }

    [Fact]
    public void Between_refreshing_steps_the_descents_lead()
    {
        var quadratic = new Quadratic();
        using var optimizer = optim.SGD([quadratic.W], 0.1).WithSharpnessAwareness(Recipe.GraphSam(2, 100, rho: 0.1, beta: 0.6));
        optimizer.Step(quadratic.Backward).Dispose();
        var (gx, gy) = (quadratic.FinalGradient[0], quadratic.FinalGradient[1]);
        var (x, y) = (quadratic.Weights[0], quadratic.Weights[1]);
        optimizer.Step(quadratic.Backward).Dispose();

        var norm = Math.Sqrt((gx * gx) + (gy * gy));
        var (hx, hy) = ((0.6 * 1.5) + (0.4 * gx / norm), (0.6 * -1) + (0.4 * gy / norm));
        var scale = 0.1 / Math.Sqrt((x * hx * x * hx) + (y * hy * y * hy));
        Assert.Equal(3, quadratic.Points.Count);
        Close.To([x + (scale * x * x * hx), y + (scale * y * y * hy)], quadratic.Points[2]);

        optimizer.Step(quadratic.Backward).Dispose();
        Assert.Equal(5, quadratic.Points.Count);
    }

    [Fact]
    public void The_radius_shrinks_from_epoch_to_epoch()
    {
        var quadratic = new Quadratic();
        using var optimizer = optim.SGD([quadratic.W], 0.01).WithSharpnessAwareness(Recipe.GraphSam(2, 1, rho: 0.08));
        var radii = new List<double>();
        for (var t = 0; t < 5; t++)
        {
            optimizer.Step(quadratic.Backward).Dispose();
            radii.Add(optimizer.LastStep.Radius);
        }
        Assert.Equal([0.08, 0.08, 0.04, 0.04, 0.02], radii);
    }

    [Fact]
    public void It_resumes_and_leaves_nothing_behind()
    {
        static SharpnessAwareOptimizer Wrap(Problem problem) =>
            optim.SGD(problem.Parameters, 0.1, momentum: 0.9).WithSharpnessAwareness(Recipe.GraphSam(4, 1, rho: 0.5));
        Resume.EqualsUninterrupted(Wrap);
        Resume.LeavesNoTensors(Wrap);
        Assert.Throws<ArgumentOutOfRangeException>(() => new RefreshedAverage(0));
    }
}
