using SamSharp.Tests.Support;

namespace SamSharp.Tests.Algorithms;

/// <summary>Ascents with momentum, the weights of the step before, and NSO's share of g, on the quadratic.</summary>
public class AscentMomentumTests
{
    [Fact]
    public void Without_momentum_they_are_the_ascents_of_SAM()
    {
        var (quadratic, other) = (new Quadratic(), new Quadratic());
        using var optimizer = optim.SGD([quadratic.W], 0.1).WithSharpnessAwareness(Recipe.MomentumAscentSam(2, 0, 0.1));
        using var plain = optim.SGD([other.W], 0.1).WithSharpnessAwareness(Recipe.MultiStepSam(2, 0.1));
        optimizer.Step(quadratic.Backward).Dispose();
        plain.Step(other.Backward).Dispose();
        Close.To(other.FinalGradient, quadratic.FinalGradient, 1e-12);
    }

    [Fact]
    public void The_second_ascent_is_longer_and_a_new_step_starts_without_momentum_unless_it_is_kept()
    {
        foreach (var keeps in new[] { false, true })
        {
            var quadratic = new Quadratic();
            using var optimizer = optim.SGD([quadratic.W], 0).WithSharpnessAwareness(Recipe.MomentumAscentSam(2, 0.5, 0.1, keeps));
            for (var t = 0; t < 2; t++) optimizer.Step(quadratic.Backward).Dispose();
            var lengths = new[] { 0, 1, 3, 4 }.Select(i => Distance(quadratic.Points[i], quadratic.Points[i + 1])).ToArray();
            Assert.Equal(0.1, lengths[0], 1e-9);
            Assert.InRange(lengths[1], 0.14, 0.15);
            Assert.Equal(keeps, lengths[2] > 0.1 + 1e-6);
        }
    }

    [Fact]
    public void The_momentum_form_of_DP_SAT_climbs_back_along_the_last_update()
    {
        var quadratic = new Quadratic();
        using var optimizer = optim.SGD([quadratic.W], 0.1).WithSharpnessAwareness(Recipe.DpSatMomentum(0.2));
        optimizer.Step(quadratic.Backward).Dispose();
        Close.To([1, -0.5], quadratic.Points[0], 0);
        optimizer.Step(quadratic.Backward).Dispose();
        // The update was -0.1 (1.5, -1), so that the way back is along (1.5, -1), at length 0.2 from (0.85, -0.4).
        var length = Math.Sqrt(3.25);
        Close.To([0.85 + (0.2 * 1.5 / length), -0.4 - (0.2 / length)], quadratic.Points[1], 1e-12);
        Assert.Equal(2, quadratic.Points.Count);
    }

    /// <summary>The numbers of seed-methods-golden.txt.</summary>
    [Fact]
    public void NSO_mixes_the_gradient_at_w_with_the_one_at_a_random_point()
    {
        var quadratic = new Quadratic();
        using var optimizer = optim.SGD([quadratic.W], 0.1).WithSharpnessAwareness(Recipe.OneSidedNoise(1, lambda: 0.3) with
        {
            Direction = new RandomDirection(new GivenNoise([0.02, -0.01])),
        });
        optimizer.Step(quadratic.Backward).Dispose();
        Close.To([1.521, -1.014], quadratic.FinalGradient, 1e-12);
        Assert.Throws<ArgumentOutOfRangeException>(() => Recipe.TwoPointNoise(lambda: 1.1));
    }

    private static double Distance(double[] a, double[] b) => Math.Sqrt(a.Zip(b, (x, y) => (x - y) * (x - y)).Sum());
}
