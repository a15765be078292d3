using SamSharp.Tests.Support;

namespace SamSharp.Tests.Wrapper;

/// <summary>Perturbation and final gradient on a quadratic, where both are known in closed form; the figures were computed independently.</summary>
[TensorScope]
[Collection(GlobalRandomNumbers.Name)]
public class QuadraticTests
{
    private static readonly double[] Start = [1, -0.5];
    private readonly Quadratic _quadratic = new();

    [Fact]
    public void Sam_climbs_along_the_gradient_and_takes_the_gradient_there()
    {
        using var optimizer = new SharpnessAwareOptimizer(optim.SGD([_quadratic.W], 0.1), rho: 0.1);

        using var loss = optimizer.Step(_quadratic.Backward);

        Assert.Equal(1, loss.item<double>(), 12);
        Close.To([1 + 0.083205029, -0.5 - 0.055470020], _quadratic.Points[1]);
        Close.To([1.610940039, -1.138675049], _quadratic.FinalGradient);
        Close.To([0.838905996, -0.386132495], _quadratic.Weights);
        Assert.Equal(1.802775638, optimizer.LastStep.DirectionNorm, 8);
        Assert.Equal(0.188739102, optimizer.LastStep.Sharpness, 8);
        Assert.Equal("step 1: radius 0.1, direction norm 1.80278, loss 1, 1.18874 at w + e", optimizer.LastStep.ToString());
    }

    public static TheoryData<double, double[], double[]> Adaptive() => new()
    {
        { 0, [0.094868330, -0.015811388], [1.673925271, -0.968377223] },
        { 0.01, [0.095721817, -0.016271114], [1.675172521, -0.969362638] },
    };

    [Theory]
    [MemberData(nameof(Adaptive))]
    public void Asam_climbs_in_the_weights_own_scale(double kappa, double[] perturbation, double[] gradient)
    {
        using var optimizer = new SharpnessAwareOptimizer(optim.SGD([_quadratic.W], 0.1),
            new SharpnessAwareOptions { Rho = 0.1, Geometry = new AdaptiveGeometry(kappa) });

        optimizer.Step(_quadratic.Backward).Dispose();

        Close.To([Start[0] + perturbation[0], Start[1] + perturbation[1]], _quadratic.Points[1]);
        Close.To(gradient, _quadratic.FinalGradient);
    }

    [Fact]
    public void The_flag_adaptive_is_asam_with_kappa_zero()
    {
        using var optimizer = new SharpnessAwareOptimizer(optim.SGD([_quadratic.W], 0.1), rho: 0.1, adaptive: true);
        optimizer.Step(_quadratic.Backward).Dispose();
        Close.To([1.673925271, -0.968377223], _quadratic.FinalGradient);
    }

    [Fact]
    public void Parameters_that_are_not_adaptive_keep_the_plain_scale()
    {
        using var optimizer = new SharpnessAwareOptimizer(optim.SGD([_quadratic.W], 0.1),
            new SharpnessAwareOptions { Rho = 0.1, Geometry = new AdaptiveGeometry(0.01, Adapts: _ => false) });
        optimizer.Step(_quadratic.Backward).Dispose();
        Close.To([1.610940039, -1.138675049], _quadratic.FinalGradient);
    }

    [Fact]
    public void The_scale_of_the_loss_does_not_change_the_perturbation()
    {
        using var optimizer = new SharpnessAwareOptimizer(optim.SGD([_quadratic.W], 0.1), rho: 0.1);
        optimizer.Step(() => _quadratic.Backward(1000)).Dispose();
        Close.To([1 + 0.083205029, -0.5 - 0.055470020], _quadratic.Points[1]);
    }

    [Fact]
    public void A_radius_of_zero_is_the_base_step_with_one_pass()
    {
        using var optimizer = new SharpnessAwareOptimizer(optim.SGD([_quadratic.W], 0.1), rho: 0);

        optimizer.Step(_quadratic.Backward).Dispose();

        Assert.Single(_quadratic.Points);
        Close.To([1 - 0.15, -0.5 + 0.1], _quadratic.Weights, 1e-15);
        Assert.False(optimizer.LastStep.Perturbed);
        Assert.Equal(double.NaN, optimizer.LastStep.PerturbedLoss);
    }

    [Fact]
    public void Several_ascents_follow_the_gradient_anew_each_time()
    {
        using var optimizer = new SharpnessAwareOptimizer(optim.SGD([_quadratic.W], 0.1), new SharpnessAwareOptions { Rho = 0.1, AscentSteps = 2 });

        optimizer.Step(_quadratic.Backward).Dispose();

        // e1 = 0.1 g/|g|; g1 = H(w + e1) = (1.610940039, -1.138675049); e2 = 0.1 g1/|g1|.
        var norm = Math.Sqrt((1.610940039 * 1.610940039) + (1.138675049 * 1.138675049));
        Assert.Equal(3, _quadratic.Points.Count);
        Close.To([1 + 0.083205029 + (0.1610940039 / norm), -0.5 - 0.055470020 - (0.1138675049 / norm)], _quadratic.Points[2]);
        Assert.Equal(1.802775638, optimizer.LastStep.DirectionNorm, 8);
    }

    [Fact]
    public void At_a_minimum_the_step_is_plain_and_nothing_is_NaN()
    {
        using (no_grad()) _quadratic.W.zero_();
        using var optimizer = new SharpnessAwareOptimizer(optim.SGD([_quadratic.W], 0.1), rho: 0.1);

        optimizer.Step(_quadratic.Backward).Dispose();

        Close.To([0, 0], _quadratic.Points[1], 0);
        Close.To([0, 0], _quadratic.Weights, 0);
        Assert.False(optimizer.LastStep.Skipped);
    }

    [Fact]
    public void Asam_is_invariant_to_moving_scale_between_layers_and_sam_is_not()
    {
        double PerturbedLoss(bool adaptive, double c)
        {
            manual_seed(3);
            var first = new TorchSharp.Modules.Parameter(randn(5, 4, dtype: float64).Times(c));
            var second = new TorchSharp.Modules.Parameter(randn(2, 5, dtype: float64).Over(c));
            var x = randn(6, 4, dtype: float64);
            using var optimizer = new SharpnessAwareOptimizer(optim.SGD([first, second], 0.1), 0.1, adaptive);
            optimizer.Step(() =>
            {
                var loss = nn.functional.linear(nn.functional.linear(x, first).relu(), second).Squared().mean();
                loss.backward();
                return loss;
            }).Dispose();
            return optimizer.LastStep.PerturbedLoss;
        }

        Assert.Equal(PerturbedLoss(adaptive: true, 1), PerturbedLoss(adaptive: true, 3), 10);
        Assert.NotEqual(PerturbedLoss(adaptive: false, 1), PerturbedLoss(adaptive: false, 3), 3);
    }
}
