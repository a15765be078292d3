using SamSharp.Optimizers;
using SamSharp.Steps;
using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.Algorithms;

/// <summary>SASSHA's own estimates of the curvature, and what the trajectories of the authors' code do not show.</summary>
[TensorScope]
public class SasshaTests
{
    /// <summary>L = a x^2 + b y^4 with a diagonal Hessian (2a, 12 b y^2): one probe is exact, whatever its signs, and taken at w + e.</summary>
    [Fact]
    public void One_probe_gives_a_diagonal_Hessian_exactly_and_at_the_perturbed_weights()
    {
        var w = new Parameter(tensor(new[] { 1.0, -0.5 }));
        using var optimizer = new Sassha([w], lr: 0, rho: 0.1, beta2: 0.75);
        optimizer.Step(() => Loss(w)).Dispose();
        // g = (6, -1); ||g|| = sqrt 37; y + e_y = -0.5 - 0.1 / sqrt 37.
        var y = -0.5 - (0.1 / Math.Sqrt(37));
        var state = (ParameterState)optimizer.state_dict().State[0];
        Close.To([0.25 * 6, 0.25 * 24 * y * y], state["diagonal"]!.data<double>().ToArray(), 1e-12);
        Assert.Equal(Math.Sqrt(0.25), state["correction"]!.item<double>(), 12);
        Close.To([1, -0.5], w.detach().data<double>().ToArray(), 0);
    }

    /// <summary>H = [[2, 1], [1, 4]] and signs (1, -1): H z = (1, -3), |z H z| = (1, 3). rho 0: one pass, h = g = (1.5, -1).
    /// First step: m / (1 - beta1) = g, D^p / c = |z H z|^0.5; w (1 - 0.1 * 0.5) - 0.1 g / (root + 0.01).</summary>
    [Fact]
    public void One_step_on_the_quadratic_without_radius()
    {
        var quadratic = new Quadratic();
        using var optimizer = new Sassha([quadratic.W], lr: 0.1, rho: 0, epsilon: 0.01, weightDecay: 0.5, noise: new Given());
        using var loss = optimizer.Step(() => Value(quadratic));
        Assert.Equal(1, loss.item<double>(), 12);
        Close.To([0.95 - (0.15 / 1.01), -0.475 + (0.1 / (Math.Sqrt(3) + 0.01))], quadratic.Weights, 1e-12);
    }

    [Fact]
    public void The_curvature_is_estimated_every_lazy_th_step()
    {
        var quadratic = new Quadratic();
        var steps = new List<long>();
        using var optimizer = new Sassha([quadratic.W], lazy: 3, noise: new Given(steps));
        for (var t = 0; t < 7; t++) optimizer.Step(() => Value(quadratic)).Dispose();
        Assert.Equal([1, 4, 7], steps);
    }

    [Fact]
    public void The_closure_leaves_backward_to_the_optimizer_and_errors_leave_the_weights()
    {
        using var problem = new Problem(hidden: Problem.Large);
        using var optimizer = new Sassha(problem.Parameters);
        var before = problem.Weights();
        var refused = Assert.Throws<InvalidOperationException>(() => optimizer.Step(() => problem.Backward()));
        Assert.Contains("backward()", refused.Message, StringComparison.Ordinal);
        var calls = 0;
        Assert.Throws<ThrownByTest>(() =>
            optimizer.Step(() => ++calls == 2 ? throw new ThrownByTest() : Whole(problem, 0)));
        Close.Bits(before, problem.Weights());
        optimizer.Step(() => Whole(problem, 0).Times(double.NaN)).Dispose();
        Assert.True(optimizer.SkippedLastStep);
        Close.Bits(before, problem.Weights());
        Assert.Throws<ArgumentOutOfRangeException>(() => new Sassha(problem.Parameters, lazy: 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Sassha(problem.Parameters, rho: -1));
    }

    [Fact]
    public void A_loss_that_is_no_number_leaves_the_step_out_although_gradients_are_finite()
    {
        using var problem = new Problem();
        using var optimizer = new Sassha(problem.Parameters);
        var before = problem.Weights();
        optimizer.Step(() => Whole(problem, 0).Plus(tensor(double.NaN))).Dispose();
        Assert.True(optimizer.SkippedLastStep);
        Close.Bits(before, problem.Weights());
    }

    [Fact]
    public void A_parameter_that_joins_between_two_estimates_waits_for_the_next()
    {
        var quadratic = new Quadratic();
        var late = new Parameter(tensor(new[] { 1.0 }));
        using var optimizer = new Sassha([quadratic.W, late], lazy: 3);
        for (var t = 0; t < 4; t++)
        {
            optimizer.Step(() => t == 0 ? Value(quadratic) : Value(quadratic).Plus(late.Squared().sum())).Dispose();
            if (t < 3) Assert.Equal(1, late.item<double>());
            else Assert.NotEqual(1, late.item<double>());
        }
    }

    [Fact]
    public void Powers_by_name()
    {
        Assert.Equal([0.5, 0.75, 1, 1], Enumerable.Range(1, 4).Select(step => Ramp.Linear(0.5, 1, 2)(step)));
        double CorrectionAfterOneStep(Func<long, double>? power)
        {
            var quadratic = new Quadratic();
            using var optimizer = new Sassha([quadratic.W], lr: 0.1, beta2: 0.75, power: power);
            optimizer.Step(() => Value(quadratic)).Dispose();
            return ((ParameterState)optimizer.state_dict().State[0])["correction"]!.item<double>();
        }

        Assert.Equal(Math.Sqrt(0.25), CorrectionAfterOneStep(null), 12);
        Assert.Equal(0.25, CorrectionAfterOneStep(_ => 1), 12);
        Assert.Throws<ArgumentOutOfRangeException>(() => CorrectionAfterOneStep(_ => -1));
    }

    [Fact]
    public void Resumed_training_equals_uninterrupted_and_nothing_is_left_behind() =>
        PerturbingOptimizerChecks.Run(problem => new Sassha(problem.Parameters, lr: 0.01, lazy: 2, weightDecay: 0.1), (optimizer, problem, t) =>
        {
            using var scope = NewDisposeScope();
            optimizer.Step(() => Whole(problem, t));
        });

    [Fact]
    public void Along_its_momentum_it_resumes_too_and_leaves_nothing_behind() =>
        PerturbingOptimizerChecks.Run(problem => Sassha.AlongMomentum(problem.Parameters, lr: 0.01, lazy: 2), (optimizer, problem, t) =>
        {
            using var scope = NewDisposeScope();
            optimizer.Step(() => Whole(problem, t));
        });

    /// <summary>m is 0 in the first step, and a multiple of the first gradient in the second.</summary>
    [Fact]
    public void Along_its_momentum_a_step_is_one_pass_downhill_of_the_weights()
    {
        var quadratic = new Quadratic();
        var points = new List<double[]>();
        using var optimizer = Sassha.AlongMomentum([quadratic.W], lr: 0.1, rho: 0.5, epsilon: 0.01, weightDecay: 0, noise: new Given());
        var starts = new List<double[]>();
        for (var t = 0; t < 2; t++)
        {
            starts.Add(quadratic.Weights);
            optimizer.Step(() =>
            {
                points.Add(quadratic.Weights);
                return Value(quadratic);
            }).Dispose();
        }
        Assert.Equal(2, points.Count);
        Assert.Equal(starts[0], points[0]);
        var norm = Math.Sqrt(3.25); // of the first gradient (1.5, -1)
        Close.To([starts[1][0] - (0.5 * 1.5 / norm), starts[1][1] + (0.5 / norm)], points[1], 1e-10);
    }

    [Fact]
    public void Along_its_momentum_without_a_radius_it_is_sassha_without_one()
    {
        var (along, plain) = (new Quadratic(), new Quadratic());
        using var first = Sassha.AlongMomentum([along.W], lr: 0.1, rho: 0, weightDecay: 0);
        using var second = new Sassha([plain.W], lr: 0.1, rho: 0, power: _ => 1);
        for (var t = 0; t < 4; t++)
        {
            first.Step(() => Value(along)).Dispose();
            second.Step(() => Value(plain)).Dispose();
        }
        Assert.Equal(plain.Weights, along.Weights);
    }

    [Fact]
    public void Along_its_momentum_a_closure_that_throws_leaves_the_weights()
    {
        using var problem = new Problem(hidden: Problem.Large);
        using var optimizer = Sassha.AlongMomentum(problem.Parameters);
        optimizer.Step(() => Whole(problem, 0)).Dispose();
        var before = problem.Weights();
        Assert.Throws<ThrownByTest>(() => optimizer.Step(() => throw new ThrownByTest()));
        Close.Bits(before, problem.Weights());
    }

    private static Tensor Whole(Problem problem, int step) => problem.Loss(Problem.Batch(problem.X, step), Problem.Batch(problem.Y, step));

    private static Tensor Loss(Parameter w) => w[0].Squared().Times(3).Plus(w[1].Power(4).Times(2));

    private static Tensor Value(Quadratic quadratic) => quadratic.W.dot(tensor(new double[] { 2, 1, 1, 4 }, [2, 2]).mv(quadratic.W)).Times(0.5);

    /// <summary>The signs 1 and -1 in turn.</summary>
    private sealed class Given(List<long>? steps = null) : INoise
    {
        public Tensor Sample(ParameterSlot slot, long number, int draw)
        {
            steps?.Add(number);
            return tensor(new[] { 1.0, -1.0 });
        }
    }
}
