using SamSharp.Steps;
using SamSharp.Tests.Support;

namespace SamSharp.Tests.Wrapper;

/// <summary>The gradient without a step, ascents of different losses, ascents without a gradient, and radii that depend on the first pass.</summary>
[TensorScope]
public class GradientTests
{
    [Fact]
    public void Two_tasks_are_combined_by_the_user()
    {
        var quadratic = new Quadratic();
        using var optimizer = optim.SGD([quadratic.W], 0.1).WithSharpnessAwareness(0.1);
        var gradients = new List<Tensor>();
        foreach (var factor in new[] { 1.0, 3.0 })
        {
            optimizer.Gradient(() => quadratic.Backward(factor)).Dispose();
            gradients.Add(quadratic.W.grad!.clone());
            Close.To([1, -0.5], quadratic.Weights, 0);
        }
        Close.To([1.610940039, -1.138675049], gradients[0].data<double>().ToArray());
        Close.To([3 * 1.610940039, 3 * -1.138675049], gradients[1].data<double>().ToArray());

        using (no_grad()) quadratic.W.grad!.copy_(gradients[0].Plus(gradients[1]).Over(4));
        optimizer.Apply();
        Close.To([0.838905996, -0.386132495], quadratic.Weights);
        Assert.Equal(1, optimizer.LastStep.Step);
    }

    [Fact]
    public void Apply_wants_a_gradient()
    {
        var quadratic = new Quadratic();
        using var optimizer = optim.SGD([quadratic.W], 0.1).WithSharpnessAwareness(0.1);
        Assert.Contains("backward()", Assert.Throws<InvalidOperationException>(optimizer.Apply).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Ascents_of_different_losses_follow_each_other()
    {
        var quadratic = new Quadratic();
        using var optimizer = optim.SGD([quadratic.W], 0.1).WithSharpnessAwareness(0.1);
        using var loss = optimizer.Step(quadratic.Backward, [new(() => quadratic.Backward(2)), new(() => quadratic.Backward(5), Scale: 0.5)]);
        Assert.Equal(2, loss.item<double>(), 12);
        Close.To([1.083205029, -0.555470020], quadratic.Points[1]);
        var (x, y) = (1.610940039, -1.138675049);
        var norm = Math.Sqrt((x * x) + (y * y));
        Close.To([1.083205029 + (0.05 * x / norm), -0.555470020 + (0.05 * y / norm)], quadratic.Points[2]);
        Assert.Throws<ArgumentException>(() => optimizer.Step(quadratic.Backward, ascents: []));
        Assert.Throws<ArgumentException>(() => optimizer.Step(quadratic.Backward, [new(quadratic.Backward, -1)]));
    }

    [Fact]
    public void An_ascent_that_needs_no_gradient_costs_no_pass()
    {
        var quadratic = new Quadratic();
        using var optimizer = optim.SGD([quadratic.W], 0.1)
            .WithSharpnessAwareness(new SharpnessAwareOptions { Rho = 0.1, Direction = new Upwards() });
        using var loss = optimizer.Step(quadratic.Backward);
        Close.To([1, -0.4], Assert.Single(quadratic.Points));
        Assert.Equal(optimizer.LastStep.PerturbedLoss, loss.item<double>());
        Assert.True(double.IsNaN(optimizer.LastStep.Loss));
        Close.To([1 - 0.16, -0.5 + 0.06], quadratic.Weights);

        optimizer.Ascend();
        quadratic.Backward().Dispose();
        optimizer.Descend();
        Close.To([0.84, -0.34], quadratic.Points[1]);
    }

    [Fact]
    public void A_vector_that_needs_no_gradient_is_not_climbed_twice()
    {
        var quadratic = new Quadratic();
        Assert.Contains("larger rho", Assert.Throws<ArgumentException>(() => optim.SGD([quadratic.W], 0.1)
            .WithSharpnessAwareness(new SharpnessAwareOptions { Direction = new Upwards(), AscentSteps = 2 })).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1.8, 0.1, 2)]
    [InlineData(1.9, 0.0, 1)]
    public void The_radius_may_depend_on_the_first_pass(double threshold, double radius, int passes)
    {
        var quadratic = new Quadratic();
        using var optimizer = optim.SGD([quadratic.W], 0.1)
            .WithSharpnessAwareness(new SharpnessAwareOptions { Rho = 0.1, Schedule = new Above(threshold) });
        optimizer.Step(quadratic.Backward).Dispose();
        Assert.Equal(radius, optimizer.LastStep.Radius);
        Assert.Equal(passes, quadratic.Points.Count);
        Close.To(radius > 0 ? [0.838905996, -0.386132495] : [0.85, -0.4], quadratic.Weights);

        optimizer.Step(() => quadratic.Backward(2), () => quadratic.Backward(1)).Dispose();
        Assert.Equal(passes + 2, quadratic.Points.Count);
    }

    [Fact]
    public void The_angle_of_the_two_gradients_is_measured_on_request()
    {
        var quadratic = new Quadratic();
        using var optimizer = optim.SGD([quadratic.W], 0.1).WithSharpnessAwareness(new SharpnessAwareOptions { Rho = 0.1, CompareGradients = true });
        optimizer.Step(quadratic.Backward).Dispose();
        var expected = ((1.5 * 1.610940039) + 1.138675049) / (1.802775638 * Math.Sqrt((1.610940039 * 1.610940039) + (1.138675049 * 1.138675049)));
        Assert.Equal(expected, optimizer.LastStep.GradientCosine, 7);

        using var plain = optim.SGD([new Quadratic().W], 0.1).WithSharpnessAwareness();
        Assert.True(double.IsNaN(plain.LastStep.GradientCosine));
    }

    private sealed class Upwards : IDirection
    {
        public bool NeedsGradients(long number) => false;

        public void Aim(Ascent ascent)
        {
            foreach (var list in ascent.Buckets)
            {
                Assert.Empty(list.AtWeights);
                list.Direction = list.Parameters.Select(_ => tensor(new[] { 0.0, 1.0 })).ToArray();
            }
        }
    }

    private sealed class Above(double threshold) : IRadiusSchedule
    {
        public double At(StepInfo info, double rho) => rho;

        public double After(FirstPassReport first, StepInfo info, double radius) => first.GradientNorm >= threshold ? radius : 0;
    }
}
