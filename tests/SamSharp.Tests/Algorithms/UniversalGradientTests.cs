using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.Algorithms;

/// <summary>Universal SAM at chosen points of the quadratic, against its formulas written out.</summary>
[TensorScope]
public class UniversalGradientTests
{
    private static readonly double[][] Draws = [[0.3, -0.4], [-0.7, 0.2], [0.1, 0.5]];

    [Fact]
    public void The_trace_with_one_point_and_weight_one_is_the_gradient_there()
    {
        var quadratic = new Quadratic();
        Step(quadratic, UniversalSharpness.Trace, lambda: 1, draws: 1);
        Assert.Equal(2, quadratic.Points.Count);
        Close.To([1.03, -0.54], quadratic.Points[1]);
        Close.To([1.52, -1.13], quadratic.FinalGradient, 1e-12);
    }

    [Fact]
    public void The_trace_adds_the_mean_difference_of_gradients()
    {
        var quadratic = new Quadratic();
        Step(quadratic, UniversalSharpness.Trace, lambda: 0.4, draws: 3);
        Assert.Equal(4, quadratic.Points.Count);
        // The mean of the draws is (-0.1, 0.1); 0.4 * 0.1 H of it = 0.04 (-0.1, 0.3).
        Close.To([1.5 - 0.004, -1 + 0.012], quadratic.FinalGradient, 1e-12);
    }

    [Fact]
    public void The_Frobenius_norm_adds_the_covariance_of_losses_and_gradients()
    {
        var quadratic = new Quadratic();
        Step(quadratic, UniversalSharpness.Frobenius, lambda: 0.2, draws: 3);
        var (losses, gradients) = At(quadratic.Points.Skip(1));
        double Covariance(int i) =>
            (Enumerable.Range(0, 3).Sum(k => losses[k] * gradients[k][i]) / 2) - (losses.Sum() * gradients.Sum(g => g[i]) / 6);
        Close.To([1.5 + (0.2 / 0.01 * Covariance(0)), -1 + (0.2 / 0.01 * Covariance(1))], quadratic.FinalGradient, 1e-9);
        Assert.True(Math.Abs(Covariance(0)) > 1e-3);
    }

    [Fact]
    public void The_determinant_weighs_points_by_their_losses()
    {
        var quadratic = new Quadratic();
        Step(quadratic, UniversalSharpness.Determinant, lambda: 0.3, draws: 3, rho: 1);
        var (losses, gradients) = At(quadratic.Points.Skip(1));
        var psi = losses.Select(loss => Math.Exp(-(loss - 1) / 2)).ToArray();
        double Final(int i, double g) =>
            g + (0.3 * (-2 / Math.Pow(psi.Average(), 3)) * Enumerable.Range(0, 3).Average(k => -0.5 * psi[k] * (gradients[k][i] - g)));
        Close.To([Final(0, 1.5), Final(1, -1)], quadratic.FinalGradient, 1e-12);
    }

    [Fact]
    public void A_linear_loss_has_no_sharpness()
    {
        foreach (var recipe in new[] { Recipe.TraceSam(0.1, draws: 2), Recipe.FrobeniusSam(0.1, 1) })
        {
            var w = new Parameter(tensor(new[] { 1.0, 2.0 }));
            using var optimizer = optim.SGD([w], 0.1).WithSharpnessAwareness(recipe);
            optimizer.Step(() =>
            {
                var loss = (w * tensor(new[] { 3.0, 4.0 })).sum();
                loss.backward();
                return loss;
            }).Dispose();
            Close.To([0.7, 1.6], w.detach().data<double>().ToArray());
        }
    }

    [Fact]
    public void What_makes_no_sense_is_refused()
    {
        Assert.Contains("at least 2", Assert.Throws<ArgumentOutOfRangeException>(() => Recipe.FrobeniusSam(draws: 1)).Message,
            StringComparison.Ordinal);
        using var problem = new Problem();
        Assert.Contains("RandomDirection", Assert.Throws<ArgumentException>(() => optim.SGD(problem.Parameters, 0.1)
            .WithSharpnessAwareness(new SharpnessAwareOptions { Combiner = new UniversalGradient(UniversalSharpness.Trace) })).Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => optim.SGD(problem.Parameters, 0.1)
            .WithSharpnessAwareness(new SharpnessAwareOptions { Combiner = new AverageOverDraws(2) }));
    }

    private static void Step(Quadratic quadratic, UniversalSharpness sharpness, double lambda, int draws, double rho = 0.1)
    {
        using var optimizer = optim.SGD([quadratic.W], 0.1).WithSharpnessAwareness(new SharpnessAwareOptions
        {
            Rho = rho,
            Direction = new RandomDirection(new GivenNoise(Draws)),
            Geometry = new RawGeometry(),
            Combiner = new UniversalGradient(sharpness, lambda, draws),
        });
        optimizer.Step(quadratic.Backward).Dispose();
    }

    private static (double[] Losses, double[][] Gradients) At(IEnumerable<double[]> points)
    {
        var gradients = points.Select(w => new[] { (2 * w[0]) + w[1], w[0] + (4 * w[1]) }).ToArray();
        return (points.Zip(gradients, (w, g) => ((w[0] * g[0]) + (w[1] * g[1])) / 2).ToArray(), gradients);
    }
}
