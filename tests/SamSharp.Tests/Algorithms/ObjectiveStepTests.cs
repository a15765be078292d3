using SamSharp.Steps;
using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.Algorithms;

/// <summary>Steps whose passes differ in more than their point.</summary>
[TensorScope]
public class ObjectiveStepTests
{
    private readonly Quadratic _quadratic = new();

    [Fact]
    public void Functional_sam_of_a_linear_model_is_the_base()
    {
        double[] Train(double rho)
        {
            var (features, labels) = (tensor(new[] { 1.0, 2, -1, 0.5, 0.3, 1 }, [3, 2]), tensor(new[] { 1.0, -1, 2 }));
            var weights = new Parameter(tensor(new[] { 0.5, -0.25 }));
            using var optimizer = optim.SGD([weights], 0.1).WithSharpnessAwareness(Recipe.Sam(rho));
            for (var t = 0; t < 3; t++) optimizer.FunctionalStep(() => features.mv(weights), z => (z - labels).Squared().mean()).Dispose();
            Assert.Equal(rho > 0, optimizer.LastStep.Perturbed);
            return weights.detach().data<double>().ToArray();
        }

        Close.To(Train(0), Train(0.5), 1e-12);
    }

    [Fact]
    public void Functional_sam_goes_backward_at_w_plus_e_with_the_slope_at_w()
    {
        // F(w) = w^2, L = F^2 / 2 at w = 1: u = 1, g = 2; e = 0.1; descent gradient 2 (1.1) u = 2.2, where SAM has 2 (1.1)^3 = 2.662.
        var weight = new Parameter(tensor(new[] { 1.0 }));
        using var optimizer = optim.SGD([weight], 0.1).WithSharpnessAwareness(0.1);
        using var loss = optimizer.FunctionalStep(() => weight * weight, z => (z * z).sum().Times(0.5));
        Close.To([2.2], weight.grad!.data<double>().ToArray(), 1e-10);
        Assert.Equal(0.5, loss.item<double>(), 12);
        Assert.Equal(0.5 * Math.Pow(1.1, 4), optimizer.LastStep.PerturbedLoss, 10);
    }

    [Fact]
    public void Functional_sam_wants_a_pass_at_w()
    {
        using var problem = new Problem();
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(new SharpnessAwareOptions { Direction = new Ones() });
        var before = problem.Weights();
        Assert.Contains("no pass there", Assert.Throws<InvalidOperationException>(() =>
            optimizer.FunctionalStep(() => problem.Model.forward(problem.X), z => nn.functional.cross_entropy(z, problem.Y))).Message,
            StringComparison.Ordinal);
        Close.Bits(before, problem.Weights());
    }

    [Fact]
    public void Functional_sam_leaves_no_tensor_behind()
    {
        using var problem = new Problem();
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(0.1);
        void Step() => optimizer.FunctionalStep(() => problem.Model.forward(problem.X), z => nn.functional.cross_entropy(z, problem.Y)).Dispose();
        Step();
        var alive = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (var t = 0; t < 4; t++) Step();
        Assert.Equal(alive, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void Rare_classes_alone_are_perturbed()
    {
        // Tail: the quadratic. Head: twice the quadratic, at w: gradient (3, -2).
        using var optimizer = optim.SGD([_quadratic.W], 0.1).WithSharpnessAwareness(0.1);
        using var loss = optimizer.ImbalancedStep(head: () => _quadratic.Backward(2), tail: _quadratic.Backward);
        Assert.Equal(3, loss.item<double>(), 12);
        Close.To([1, -0.5], _quadratic.Points[2], 0);
        Close.To([4.610940039, -3.138675049], _quadratic.FinalGradient);
        Close.To([1 - 0.4610940039, -0.5 + 0.3138675049], _quadratic.Weights);
    }

    [Fact]
    public void All_rare_is_sam_and_all_frequent_is_the_base()
    {
        using var optimizer = optim.SGD([_quadratic.W], 0.0).WithSharpnessAwareness(0.1);
        optimizer.ImbalancedStep(head: null, tail: _quadratic.Backward).Dispose();
        Close.To([1.610940039, -1.138675049], _quadratic.FinalGradient);
        optimizer.ImbalancedStep(head: _quadratic.Backward, tail: null).Dispose();
        Close.To([1.5, -1], _quadratic.FinalGradient);
        Assert.Throws<ArgumentException>(() => optimizer.ImbalancedStep(null, null));
    }

    [Fact]
    public void Two_halves_are_climbed_one_after_the_other()
    {
        using var optimizer = optim.SGD([_quadratic.W], 0.1).WithSharpnessAwareness(0.1);
        optimizer.ChainedStep(_quadratic.Backward, () => _quadratic.Backward(2), () => _quadratic.Backward(5), ratio: 0.5).Dispose();
        Close.To([1.083205029, -0.555470020], _quadratic.Points[1]);
        var (x, y) = (1.610940039, -1.138675049);
        var norm = Math.Sqrt((x * x) + (y * y));
        Close.To([1.083205029 + (0.05 * x / norm), -0.555470020 + (0.05 * y / norm)], _quadratic.Points[2]);
    }

    [Fact]
    public void Without_a_second_radius_there_is_one_ascent()
    {
        using var optimizer = optim.SGD([_quadratic.W], 0.1).WithSharpnessAwareness(0.1);
        Func<Tensor> never = () => throw new InvalidOperationException("not to be called");
        optimizer.ChainedStep(_quadratic.Backward, _quadratic.Backward, never, ratio: 0).Dispose();
        Close.To([0.838905996, -0.386132495], _quadratic.Weights);
    }

    [Theory]
    [InlineData(0.1, 0.1, 2)]
    [InlineData(0.0, 0.0, 1)]
    [InlineData(double.NaN, 0.0, 1)]
    [InlineData(-1e-9, 0.0, 1)]
    public void Trams_radius_is_the_divergence(double divergence, double radius, int passes)
    {
        var calls = 0;
        using var optimizer = optim.SGD([_quadratic.W], 0.1).WithSharpnessAwareness(Recipe.Tram(() =>
        {
            calls++;
            return tensor(divergence);
        }));
        optimizer.Step(_quadratic.Backward).Dispose();
        Assert.Equal(1, calls);
        Assert.Equal(radius, optimizer.LastStep.Radius);
        Assert.Equal(passes, _quadratic.Points.Count);
        Close.To(radius > 0 ? [0.838905996, -0.386132495] : [0.85, -0.4], _quadratic.Weights);
    }

    [Fact]
    public void Trams_divergence_is_measured_anew_in_every_step()
    {
        var next = 0.0;
        using var optimizer = optim.SGD([_quadratic.W], 0.1).WithSharpnessAwareness(Recipe.AdaptiveTram(() => tensor(next += 0.25), rho: 2));
        optimizer.Step(_quadratic.Backward).Dispose();
        Assert.Equal(0.5, optimizer.LastStep.Radius, 12);
        optimizer.Step(_quadratic.Backward).Dispose();
        Assert.Equal(1.0, optimizer.LastStep.Radius, 12);
    }

    [Fact]
    public void The_same_loss_in_both_passes_is_sam()
    {
        using var problem = new Problem();
        using var other = new Problem();
        using var first = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(0.1);
        using var second = optim.SGD(other.Parameters, 0.1).WithSharpnessAwareness(0.1);
        first.Step(() => problem.Backward()).Dispose();
        second.Step(() => other.Backward(), ascent: () => Bound(other)).Dispose();
        using var plain = new Problem();
        using var third = optim.SGD(plain.Parameters, 0.1).WithSharpnessAwareness(0.1);
        third.Step(() => plain.Backward(), ascent: () => plain.Backward()).Dispose();
        Close.Bits(problem.Weights(), plain.Weights());
        Assert.True((problem.Weights() - other.Weights()).abs().max().item<double>() > 1e-8, "the other ascent loss made no difference");
    }

    private sealed class Ones : IDirection
    {
        public bool NeedsGradients(long number) => false;

        public void Aim(Ascent ascent)
        {
            foreach (var list in ascent.Buckets)
                list.Direction = list.Parameters.Select(slot => ones_like(slot.Parameter, requires_grad: false)).ToArray();
        }
    }

    private static Tensor Bound(Problem problem)
    {
        var bound = Objectives.MisclassificationLog(problem.Model.forward(Problem.Batch(problem.X, 0)), Problem.Batch(problem.Y, 0));
        bound.backward();
        return bound;
    }
}
