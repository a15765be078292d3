using SamSharp.Analysis;
using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.Algorithms;

/// <summary>Eigen-SAM: on the quadratic, at its limits, over its life.</summary>
[TensorScope]
public class EigenvectorDirectionTests
{
    /// <summary>The number of the specification, for the exact eigenvector; after a single product it is still another.</summary>
    [Theory]
    [InlineData(40, 1e-8, true)]
    [InlineData(1, 1e-3, false)]
    public void On_the_quadratic(int iterations, double tolerance, bool isExact)
    {
        var quadratic = new Quadratic();
        Step(quadratic, 0.2, iterations);
        var distance = Math.Max(Math.Abs(quadratic.Points[1][0] - 1.072321936), Math.Abs(quadratic.Points[1][1] + 0.571794660));
        Assert.Equal(isExact, distance < tolerance);
        if (isExact) Close.To([1.572849211, -1.214856705], quadratic.FinalGradient);
    }

    /// <summary>||e|| = rho sqrt(1 + alpha^2 ||v_perp||^2): v = (1, 1 + sqrt 2) / sqrt(4 + 2 sqrt 2), and ||v_perp||^2 = 1 - (v'g)^2 /
    /// ||g||^2.</summary>
    [Fact]
    public void The_length_grows_by_what_lies_across_the_gradient()
    {
        var quadratic = new Quadratic();
        Step(quadratic, 0.7, 40);
        var along = (1.5 - (1 + Math.Sqrt(2))) / Math.Sqrt(4 + (2 * Math.Sqrt(2))) / Math.Sqrt(3.25);
        var length = Math.Sqrt(Math.Pow(quadratic.Points[1][0] - 1, 2) + Math.Pow(quadratic.Points[1][1] + 0.5, 2));
        Assert.Equal(0.1 * Math.Sqrt(1 + (0.49 * (1 - (along * along)))), length, 9);
    }

    [Fact]
    public void Alpha_0_is_SAM_and_so_is_every_step_before_the_first_estimate()
    {
        using Problem sam = new(), without = new(), before = new(), after = new();
        Train(sam, Recipe.Sam(0.2));
        Train(without, Recipe.EigenSam(without.Model, () => Loss(without), 0.2, alpha: 0, interval: 1));
        Train(before, Recipe.EigenSam(before.Model, () => Loss(before), 0.2, interval: 5));
        Train(after, Recipe.EigenSam(after.Model, () => Loss(after), 0.2, interval: 4));
        Close.To(sam.Weights(), without.Weights());
        Close.To(sam.Weights(), before.Weights());
        Assert.Throws<Xunit.Sdk.TrueException>(() => Close.To(sam.Weights(), after.Weights(), 1e-4));
    }

    /// <summary>L = x^2 + 3 y^2 at (0, 1): v = (0, 1) or its negative lies along g. At (1, 0) they are orthogonal and the sign of 0 is 1:
    /// e = rho (1, +-alpha).</summary>
    [Theory]
    [InlineData(0, 1, 0, 0.1)]
    [InlineData(1, 0, 0.1, 0.02)]
    public void Along_the_gradient_it_is_SAM_and_across_it_adds_its_share(double x, double y, double first, double second)
    {
        var model = new Bowl(x, y);
        using var optimizer = optim.SGD(model.parameters(), 0.1).WithSharpnessAwareness(new SharpnessAwareOptions
        {
            Rho = 0.1,
            Direction = new EigenvectorDirection(model, model.Loss, 0.2, Interval: 1, Iterations: 40),
            Geometry = new RawGeometry(),
        });
        optimizer.Step(model.Backward).Dispose();
        Close.To([x + first, Math.Abs(y) + second], [model.Points[1][0], Math.Abs(model.Points[1][1])]);
    }

    [Fact]
    public void A_gradient_of_0_stays_where_it_is()
    {
        var model = new Bowl(0, 0);
        using var optimizer = optim.SGD(model.parameters(), 0.1).WithSharpnessAwareness(Recipe.EigenSam(model, model.Loss, interval: 1));
        optimizer.Step(model.Backward).Dispose();
        Assert.Equal([0, 0], model.Points[1]);
        Assert.False(optimizer.LastStep.Skipped);
    }

    [Fact]
    public void Products_by_finite_differences_are_at_hand()
    {
        var model = new Bowl(1, 0.5);
        var direction = new EigenvectorDirection(model, model.Loss, 0.2, 1, 40, HessianVectorProduct.FiniteDifference);
        using var optimizer = optim.SGD(model.parameters(), 0.1)
            .WithSharpnessAwareness(new SharpnessAwareOptions { Rho = 0.1, Direction = direction, Geometry = new RawGeometry() });
        optimizer.Step(model.Backward).Dispose();
        // g = (2, 3), v = (0, 1): g' + 0.2 (v - (3 / sqrt 13) g') = g' (1 - 0.6 / sqrt 13) + (0, 0.2).
        var own = 0.1 * (1 - (0.6 / Math.Sqrt(13))) / Math.Sqrt(13);
        Close.To([1 + (2 * own), 0.5 + (3 * own) + 0.02], model.Points[1], 1e-7);
    }

    [Fact]
    public void A_parameter_of_another_model_is_named()
    {
        using Problem problem = new(), other = new();
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(Recipe.EigenSam(other.Model, () => Loss(other), interval: 1));
        var refusal = Assert.Throws<InvalidOperationException>(() => optimizer.Step(() => problem.Backward()));
        Assert.Contains("not a parameter of the model", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Resumed_training_equals_uninterrupted() => Resume.EqualsUninterrupted(Wrap);

    [Fact]
    public void Nothing_is_left_behind() => Resume.LeavesNoTensors(Wrap);

    private static SharpnessAwareOptimizer Wrap(Problem problem) =>
        optim.SGD(problem.Parameters, 0.1, momentum: 0.9)
            .WithSharpnessAwareness(Recipe.EigenSam(problem.Model, () => Loss(problem), 0.2, interval: 2));

    private static Tensor Loss(Problem problem) => problem.Loss(Problem.Batch(problem.X, 0), Problem.Batch(problem.Y, 0));

    private static void Train(Problem problem, SharpnessAwareOptions recipe)
    {
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(recipe);
        for (var t = 0; t < 4; t++) optimizer.Step(() => problem.Backward(t)).Dispose();
    }

    private static void Step(Quadratic quadratic, double alpha, int iterations)
    {
        var model = new Holder(quadratic.W); // disposing it would free the weights
        using var optimizer = optim.SGD([quadratic.W], 0.1).WithSharpnessAwareness(new SharpnessAwareOptions
        {
            Rho = 0.1,
            Direction = new EigenvectorDirection(
                model,
                () => quadratic.W.dot(tensor(new double[] { 2, 1, 1, 4 }, [2, 2]).mv(quadratic.W)).Times(0.5),
                alpha,
                1,
                iterations),
            Geometry = new RawGeometry(),
        });
        optimizer.Step(quadratic.Backward).Dispose();
    }

    /// <summary>A module around one parameter.</summary>
    private class Holder : nn.Module
    {
        public Holder(Parameter w) : base(nameof(Holder)) => register_parameter("w", W = w);

        protected Parameter W { get; }
    }

    /// <summary>L = x^2 + 3 y^2.</summary>
    private sealed class Bowl(double x, double y) : Holder(new Parameter(tensor(new[] { x, y })))
    {
        public List<double[]> Points { get; } = [];

        public Tensor Loss() => W[0].Squared().Plus(W[1].Squared().Times(3));

        public Tensor Backward()
        {
            Points.Add(W.detach().data<double>().ToArray());
            var loss = Loss();
            loss.backward();
            return loss;
        }
    }
}
