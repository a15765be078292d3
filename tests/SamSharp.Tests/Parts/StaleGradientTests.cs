using SamSharp.Tests.Support;

namespace SamSharp.Tests.Parts;

/// <summary>Stale-gradient SAM and DP-SAT.</summary>
[TensorScope]
public class StaleGradientTests
{
    [Fact]
    public void Each_step_has_one_pass_along_the_gradient_of_the_last()
    {
        var quadratic = new Quadratic();
        using var optimizer = optim.SGD([quadratic.W], 0.1).WithSharpnessAwareness(Recipe.StaleSam(0.1));
        optimizer.Step(quadratic.Backward).Dispose();
        Close.To([1, -0.5], quadratic.Points[0], 0);
        Close.To([0.85, -0.4], quadratic.Weights);

        optimizer.Step(quadratic.Backward).Dispose();
        Assert.Equal(2, quadratic.Points.Count);
        Close.To([0.85 + 0.083205029, -0.4 - 0.055470020], quadratic.Points[1]);

        // The gradient at that point, not the one at w: H (0.933205029, -0.455470020) = (1.410940038, -0.888675051).
        var (x, y) = (quadratic.Weights[0], quadratic.Weights[1]);
        Close.To([0.85 - 0.1410940038, -0.4 + 0.0888675051], [x, y]);
        var norm = Math.Sqrt((1.410940038 * 1.410940038) + (0.888675051 * 0.888675051));
        optimizer.Step(quadratic.Backward).Dispose();
        Close.To([x + (0.1 * 1.410940038 / norm), y - (0.1 * 0.888675051 / norm)], quadratic.Points[2]);
    }

    [Fact]
    public void Gradients_that_stay_the_same_make_it_SAM_from_the_second_step()
    {
        var w = new TorchSharp.Modules.Parameter(tensor(new[] { 1.0, 2.0 }));
        var points = new List<double[]>();
        using var optimizer = optim.SGD([w], 0.1).WithSharpnessAwareness(Recipe.StaleSam(0.5));
        for (var t = 0; t < 3; t++) optimizer.Step(Linear).Dispose();
        Close.To([0.7 + 0.3, 1.6 + 0.4], points[1]);
        Close.To([0.4 + 0.3, 1.2 + 0.4], points[2]);

        Tensor Linear()
        {
            points.Add(w.detach().data<double>().ToArray());
            var loss = (w * tensor(new[] { 3.0, 4.0 })).sum();
            loss.backward();
            return loss;
        }
    }

    [Fact]
    public void The_ascent_sees_the_privatized_gradient_alone()
    {
        var quadratic = new Quadratic();
        using var optimizer = optim.SGD([quadratic.W], 0.1).WithSharpnessAwareness(Recipe.DpSat(0.1));
        Tensor Private()
        {
            var loss = quadratic.Backward();
            using var scope = no_grad();
            quadratic.W.grad!.copy_(tensor(new[] { 0.0, -2.0 }));
            return loss;
        }

        optimizer.Step(Private).Dispose();
        Close.To([1, -0.3], quadratic.Weights);
        optimizer.Step(Private).Dispose();
        Close.To([1, -0.4], quadratic.Points[1]);
    }

    [Fact]
    public void It_resumes_and_leaves_nothing_behind()
    {
        static SharpnessAwareOptimizer Wrap(Problem problem) =>
            optim.SGD(problem.Parameters, 0.1, momentum: 0.9).WithSharpnessAwareness(Recipe.StaleSam(0.2));
        Resume.EqualsUninterrupted(Wrap);
        Resume.LeavesNoTensors(Wrap);
    }
}
