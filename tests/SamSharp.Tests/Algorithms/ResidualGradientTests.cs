using SamSharp.Tests.Support;

namespace SamSharp.Tests.Algorithms;

/// <summary>Friendly-SAM beyond its golden runs.</summary>
[TensorScope]
public class ResidualGradientTests
{
    [Fact]
    public void With_nothing_removed_it_is_SAM()
    {
        using var one = new Problem();
        using var other = new Problem();
        using var friendly = optim.SGD(one.Parameters, 0.1).WithSharpnessAwareness(Recipe.FriendlySam(0.2, sigma: 0));
        using var sam = optim.SGD(other.Parameters, 0.1).WithSharpnessAwareness(0.2);
        for (var t = 0; t < 4; t++)
        {
            friendly.Step(() => one.Backward(t)).Dispose();
            sam.Step(() => other.Backward(t)).Dispose();
        }
        Close.Bits(other.Weights(), one.Weights());
    }

    [Fact]
    public void Gradients_that_stay_the_same_leave_nothing_to_climb()
    {
        var w = new TorchSharp.Modules.Parameter(tensor(new[] { 1.0, 2.0 }));
        var points = new List<double[]>();
        using var optimizer = optim.SGD([w], 0.1).WithSharpnessAwareness(Recipe.FriendlySam(0.5));
        for (var t = 0; t < 2; t++)
        {
            optimizer.Step(() =>
            {
                points.Add(w.detach().data<double>().ToArray());
                var loss = (w * tensor(new[] { 3.0, 4.0 })).sum();
                loss.backward();
                return loss;
            }).Dispose();
        }
        Close.To([1 + (0.5 * 0.6), 2 + (0.5 * 0.8)], points[1]);
        Close.To([0.7, 1.6], points[2]);
        Close.To(points[2], points[3], 0);
        Assert.False(optimizer.LastStep.Skipped);
    }

    [Fact]
    public void It_resumes_and_leaves_nothing_behind()
    {
        static SharpnessAwareOptimizer Wrap(Problem problem) =>
            optim.SGD(problem.Parameters, 0.1, momentum: 0.9).WithSharpnessAwareness(Recipe.FriendlySam(0.2, 0.8, 0.6));
        Resume.EqualsUninterrupted(Wrap);
        Resume.LeavesNoTensors(Wrap);
    }

    [Fact]
    public void Arguments_are_checked()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new ResidualGradient(Sigma: -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ResidualGradient(Lambda: double.NaN));
    }
}
