using SamSharp.Analysis;
using SamSharp.Tests.Support;

namespace SamSharp.Tests.Analysis;

/// <summary>Displacement measures against numbers computed independently for a quadratic.</summary>
[TensorScope]
public sealed class MeasureTests : IDisposable
{
    private const double Rho = 0.1;
    private static readonly Ball L2 = new(Rho);
    private static readonly Ball AdaptiveL2 = new(Rho, Adaptive: true);
    private static readonly Ball Cube = new(Rho, BallNorm.LInfinity);
    private static readonly Ball AdaptiveCube = new(Rho, BallNorm.LInfinity, Adaptive: true);
    private readonly Bowl _bowl = new();

    public void Dispose() => _bowl.Dispose();

    [Fact]
    public void One_step_is_the_loss_at_the_end_of_sam_s_step()
    {
        Close.To([0.188739102], [_bowl.Value(new OneStepSharpness(L2))]);
        // e of ASAM with kappa 0, and of the sign step.
        Close.To([_bowl.At(0.094868330, -0.015811388) - 1], [_bowl.Value(new OneStepSharpness(AdaptiveL2))]);
        Close.To([_bowl.At(0.1, -0.1) - 1], [_bowl.Value(new OneStepSharpness(Cube))]);
        Close.To([_bowl.At(0.1, -0.05) - 1], [_bowl.Value(new OneStepSharpness(AdaptiveCube))]);
        Assert.Equal(0, _bowl.Value(new OneStepSharpness(new Ball(0))));
    }

    [Theory]
    [InlineData(BallNorm.L2, false, 0.188833015)]
    [InlineData(BallNorm.L2, true, 0.166266537)]
    [InlineData(BallNorm.LInfinity, false, 0.27)]
    public void The_worst_case_is_found_from_below(BallNorm norm, bool adaptive, double exact)
    {
        var ball = new Ball(Rho, norm, adaptive);
        var found = _bowl.Value(new WorstCaseSharpness(ball));
        Assert.InRange(found, exact - 1e-7, exact + 1e-8);
        Assert.True(found >= _bowl.Value(new OneStepSharpness(ball)) - 1e-15);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_point_of_the_worst_case_is_as_high_as_its_value(bool adaptive)
    {
        using var surface = new LossSurface(_bowl, _bowl.Loss);
        var measure = new WorstCaseSharpness(new Ball(Rho, Adaptive: adaptive)) { RandomStarts = 2 };
        var (rise, displacement) = measure.Find(surface);
        using (displacement)
        {
            Assert.Equal(_bowl.Value(measure), rise);
            Assert.Equal(rise, surface.Loss(displacement) - surface.LossAtOrigin, 12);
            if (!adaptive) Assert.Equal(Rho, displacement.Norm(), 9);
        }
    }

    [Fact]
    public void The_worst_case_of_an_adaptive_cube_is_at_its_worst_corner()
    {
        var corners = from a in new[] { -1, 1 } from b in new[] { -1, 1 } select _bowl.At(a * Rho * 1, b * Rho * 0.5) - 1;
        Close.To([corners.Max()], [_bowl.Value(new WorstCaseSharpness(AdaptiveCube))]);
        // Diagonal H: the sum of rho |w_i g_i| + rho^2 h_i w_i^2 / 2.
        using var diagonal = new Bowl(hessian: [2, 0, 0, 4]);
        Close.To([(0.1 * 2 + 0.01) + (0.1 * 0.5 * 2 + 0.005)], [diagonal.Value(new WorstCaseSharpness(AdaptiveCube))]);
    }

    [Theory]
    [InlineData(false, 0.022071068)]
    [InlineData(true, 0.011035534)]
    public void At_a_minimum_a_random_start_is_made_and_finds_half_rho_squared_times_the_largest_eigenvalue(bool adaptive, double exact)
    {
        using var bowl = Bowl.AtMinimum();
        var ball = new Ball(Rho, Adaptive: adaptive);
        Assert.Equal(0, bowl.Value(new OneStepSharpness(ball)), 12);
        Assert.InRange(bowl.Value(new WorstCaseSharpness(ball)), exact - 1e-7, exact + 1e-8);
    }

    [Fact]
    public void Random_starts_find_the_higher_of_two_slopes()
    {
        using var model = new Bowl(hessian: [0], weights: [0]);
        // Uphill from 0 is to the right, where x = 1 gives 0.6; x = -1 gives 1.4.
        using var surface = new LossSurface(model, () => (model.W.Times(0.1).Plus(model.W.Squared()) - model.W.Power(3).Times(0.5)).sum());
        Assert.Equal(0.6, new WorstCaseSharpness(new Ball(1)).Measure(surface)[0].Value, 12);
        var found = new WorstCaseSharpness(new Ball(1)) { RandomStarts = 5, Seed = 3 }.Measure(surface)[0];
        Assert.Equal(1.4, found.Value, 12);
        Assert.Equal("lower bound: 20 steps from w and 5 random", found.Note);
    }

    [Theory]
    [InlineData(false, 0.03)]
    [InlineData(true, 0.015)]
    public void The_average_is_half_sigma_squared_times_the_trace_within_its_standard_error(bool adaptive, double exact)
    {
        var found = _bowl.Measure(new AverageSharpness(0.1, adaptive) { Pairs = 2000, Seed = 1 })[0];
        Assert.Equal(MeasurementError.StandardError, found.ErrorKind);
        Assert.InRange(found.Error!.Value, 1e-4, 1e-3);
        Assert.InRange(found.Value, exact - (4 * found.Error.Value), exact + (4 * found.Error.Value));
        Assert.Equal(0.1, found.Radius);
    }

    [Fact]
    public void Batch_by_batch_each_loss_has_a_displacement_of_its_own()
    {
        using var model = new Bowl(weights: [1, 1]);
        LossBatch Slope(double slope, long rows, double? weight = null) => new(() => model.W.sum().Times(slope), rows, weight);
        double Of(params LossBatch[] batches)
        {
            using var surface = new LossSurface(model, batches);
            var found = new BatchwiseSharpness(new OneStepSharpness(new Ball(0.5))).Measure(surface)[0];
            Assert.Equal(batches.Sum(batch => batch.Rows), found.Rows);
            Assert.True(found.Value >= new OneStepSharpness(new Ball(0.5)).Measure(surface)[0].Value - 1e-12);
            return found.Value;
        }
        var steep = 0.5 * Math.Sqrt(2);
        // Slopes 2 and -2 cancel in the mean loss, which is flat.
        Assert.Equal(2 * steep, Of(Slope(2, 1), Slope(-2, 1)), 12);
        Assert.Equal(((2 * 1) + (4 * 3)) * steep / 4, Of(Slope(2, 1), Slope(-4, 3)), 12);
        Assert.Equal(((2 * 5) + (4 * 3)) * steep / 8, Of(Slope(2, 1, weight: 5), Slope(-4, 3)), 12);
    }

    [Fact]
    public void Measures_grow_with_the_loss()
    {
        using var steep = new Bowl(hessian: [6, 3, 3, 12]);
        foreach (var measure in All())
        {
            var tripled = _bowl.Measure(measure).Select(m => 3 * m.Value).ToArray();
            Close.To(tripled, steep.Measure(measure).Select(m => m.Value).ToArray(), 1e-9);
        }
    }

    [Fact]
    public void The_same_seed_gives_the_same_numbers_and_another_seed_others()
    {
        double Draw(ulong seed) => _bowl.Value(new AverageSharpness(0.1) { Seed = seed, Pairs = 3 });
        Assert.Equal(Draw(4), Draw(4));
        Assert.NotEqual(Draw(4), Draw(5));
    }

    internal static ISharpnessMeasure[] All() =>
    [
        new OneStepSharpness(L2), new OneStepSharpness(AdaptiveL2), new OneStepSharpness(Cube), new OneStepSharpness(AdaptiveCube),
        new WorstCaseSharpness(L2) { RandomStarts = 1 }, new WorstCaseSharpness(AdaptiveL2), new WorstCaseSharpness(Cube) { RandomStarts = 1 },
        new WorstCaseSharpness(AdaptiveCube), new AverageSharpness(0.1) { Pairs = 3 }, new AverageSharpness(0.1, adaptive: true) { Pairs = 3 },
        new BatchwiseSharpness(new OneStepSharpness(L2)), new HessianTrace(), new HessianTrace(adaptive: true),
        new HessianExtremes(), new HessianExtremes(adaptive: true), new TopEigenvalues(2), new TopEigenvalues(adaptive: true),
    ];
}
