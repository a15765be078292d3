using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.Parts;

/// <summary>Gradients at randomly perturbed weights.</summary>
[TensorScope]
public class NoiseTests
{
    [Fact]
    public void Draws_follow_from_seed_step_draw_and_parameter_alone()
    {
        var (first, second) = (new Parameter(zeros(3, float64)), new Parameter(zeros(3, float64)));
        using var optimizer = optim.SGD([first, second], 0.1).WithSharpnessAwareness();
        double[] Draw(INoise noise, int slot, long step, int draw)
        {
            using var sample = noise.Sample(optimizer.Parameters[slot], step, draw);
            return sample.data<double>().ToArray();
        }

        foreach (var of in new Func<long, INoise>[] { seed => new GaussianNoise(seed), seed => new CubeNoise(0.5, seed) })
        {
            var sample = Draw(of(3), 0, 7, 1);
            Assert.Equal(sample, Draw(of(3), 0, 7, 1));
            double[][] others = [Draw(of(4), 0, 7, 1), Draw(of(3), 1, 7, 1), Draw(of(3), 0, 8, 1), Draw(of(3), 0, 7, 0)];
            Assert.All(others, other => Assert.NotEqual(sample, other));
        }
        var pairs = new AntitheticNoise(new GaussianNoise());
        Assert.Equal(Draw(pairs, 0, 1, 2).Select(value => -value), Draw(pairs, 0, 1, 3));
        Assert.NotEqual(Draw(pairs, 0, 1, 0), Draw(pairs, 0, 1, 2));
    }

    [Fact]
    public void Draws_have_their_distribution()
    {
        var large = new Parameter(zeros(100, 100));
        using var optimizer = optim.SGD([large], 0.1).WithSharpnessAwareness();
        using var normal = new GaussianNoise(1).Sample(optimizer.Parameters[0], 1, 0);
        using var cube = new CubeNoise(0.2, 1).Sample(optimizer.Parameters[0], 1, 0);
        Assert.InRange(normal.mean().item<float>(), -0.04, 0.04);
        Assert.InRange(normal.std().item<float>(), 0.97, 1.03);
        Assert.InRange(cube.abs().max().item<float>(), 0.199, 0.2);
        Assert.InRange(cube.mean().item<float>(), -0.005, 0.005);
    }

    [Fact]
    public void A_random_direction_has_the_radius_as_its_length_and_costs_no_pass()
    {
        var quadratic = new Quadratic();
        using var optimizer = optim.SGD([quadratic.W], 0.1)
            .WithSharpnessAwareness(Recipe.RandSam(0.1) with { Direction = new RandomDirection(new GivenNoise([0.3, -0.4])) });
        optimizer.Step(quadratic.Backward).Dispose();
        Close.To([1.06, -0.58], Assert.Single(quadratic.Points));

        using var seeded = optim.SGD([new Quadratic().W], 0.1).WithSharpnessAwareness(Recipe.RandSam(0.1));
        Assert.NotNull(seeded);
    }

    [Fact]
    public void Noise_is_as_large_as_the_filters_it_falls_on()
    {
        // Rows of norms 5 and 2; a vector of norm 3 is one filter.
        var matrix = new Parameter(tensor(new[] { 3.0, 4, 0, 2 }).reshape(2, 2));
        var vector = new Parameter(tensor(new[] { 1.0, 2, 2, 0 }));
        var points = new List<double[]>();
        using var optimizer = optim.SGD([matrix, vector], 0.1)
            .WithSharpnessAwareness(Recipe.Rwp(0.1) with { Direction = new RandomDirection(new GivenNoise([1, 2, 3, -4])) });
        optimizer.Step(() =>
        {
            foreach (var weight in new[] { matrix, vector }) points.Add(weight.detach().reshape(-1).data<double>().ToArray());
            var loss = matrix.sum().Plus(vector.sum());
            loss.backward();
            return loss;
        }).Dispose();
        Close.To([3.5, 5, 0.6, 2 - 0.8], points[0]);
        Close.To([1.3, 2.6, 2.9, -1.2], points[1]);
    }

    [Fact]
    public void Parts_of_a_batch_have_noise_of_their_own()
    {
        var quadratic = new Quadratic();
        using var optimizer = optim.SGD([quadratic.W], 0.1).WithSharpnessAwareness(Recipe.LpfSgd(gamma: 0.1) with
        {
            Direction = new RandomDirection(new GivenNoise([0.3, -0.4], [-0.1, 0.2])),
            Geometry = new RawGeometry(),
        });
        optimizer.Step([new(quadratic.Backward), new(quadratic.Backward)]).Dispose();
        Assert.Equal(2, quadratic.Points.Count);
        Close.To([1.03, -0.54], quadratic.Points[0]);
        Close.To([0.99, -0.48], quadratic.Points[1]);
        // H applied to the mean of the two points, (1.01, -0.51).
        Close.To([1.51, -1.03], quadratic.FinalGradient);
    }

    [Fact]
    public void Noise_that_grows_does_so_by_half_a_cosine()
    {
        var quadratic = new Quadratic();
        using var optimizer = optim.SGD([quadratic.W], 0.1).WithSharpnessAwareness(Recipe.LpfSgd(steps: 2));
        var radii = new List<double>();
        for (var t = 0; t < 3; t++)
        {
            optimizer.Step(quadratic.Backward).Dispose();
            radii.Add(optimizer.LastStep.Radius);
        }
        Close.To([5e-4, 40e-4, 75e-4], [.. radii], 1e-15);
    }

    [Fact]
    public void Two_opposite_points_of_a_quadratic_give_the_gradient()
    {
        var quadratic = new Quadratic();
        using var optimizer = optim.SGD([quadratic.W], 0.1).WithSharpnessAwareness(Recipe.TwoPointNoise(0.5, pairs: 2));
        optimizer.Step(quadratic.Backward).Dispose();
        Assert.Equal(4, quadratic.Points.Count);
        Assert.True(Math.Abs(quadratic.Points[0][0] - 1) > 1e-3);
        Assert.True(Math.Abs(quadratic.Points[0][0] - quadratic.Points[2][0]) > 1e-3);
        Close.To([2, -1], [quadratic.Points[0][0] + quadratic.Points[1][0], quadratic.Points[0][1] + quadratic.Points[1][1]], 1e-12);
        Close.To([1.5, -1], quadratic.FinalGradient, 1e-12);
        Close.To([0.85, -0.4], quadratic.Weights, 1e-12);
    }

    [Fact]
    public void Gradients_with_and_without_noise_are_mixed()
    {
        var quadratic = new Quadratic();
        using var optimizer = optim.SGD([quadratic.W], 0.1).WithSharpnessAwareness(Recipe.MixedRwp(0.1, lambda: 0.25) with
        {
            Direction = new RandomDirection(new GivenNoise([0.3, -0.4])),
            Geometry = new RawGeometry(),
        });
        optimizer.Step(quadratic.Backward).Dispose();
        Assert.Equal(2, quadratic.Points.Count);
        // A quarter of H (1.03, -0.54) = (1.52, -1.13), three quarters of (1.5, -1).
        Close.To([1.505, -1.0325], quadratic.FinalGradient);
    }

    [Fact]
    public void Adapted_noise_is_smaller_where_gradients_were_large()
    {
        var quadratic = new Quadratic();
        using var optimizer = optim.SGD([quadratic.W], 1e-30).WithSharpnessAwareness(Recipe.AdaptiveRwp(0.1) with
        {
            Direction = new AdaptedNoise(new GivenNoise([0.3, -0.4]), Eta: 2, Beta: 0.5),
            Geometry = new RawGeometry(),
        });
        for (var t = 0; t < 3; t++) optimizer.Step(quadratic.Backward).Dispose();
        Close.To([1.03, -0.54], quadratic.Points[0]);
        // g = H (1.03, -0.54) = (1.52, -1.13); F = g^2; then F = F / 2 + the square of the gradient at the second point.
        var (fx, fy) = (1.52 * 1.52, 1.13 * 1.13);
        var (x, y) = (1 + (0.03 / Math.Sqrt(1 + (2 * fx))), -0.5 - (0.04 / Math.Sqrt(1 + (2 * fy))));
        Close.To([x, y], quadratic.Points[1]);
        (fx, fy) = ((fx / 2) + Math.Pow((2 * x) + y, 2), (fy / 2) + Math.Pow(x + (4 * y), 2));
        Close.To([1 + (0.03 / Math.Sqrt(1 + (2 * fx))), -0.5 - (0.04 / Math.Sqrt(1 + (2 * fy)))], quadratic.Points[2]);
    }

    public static TheoryData<string> Recipes() => [.. ByName.Keys];

    private static readonly Dictionary<string, Func<SharpnessAwareOptions>> ByName = new()
    {
        ["RWP"] = () => Recipe.Rwp(0.1),
        ["ARWP"] = () => Recipe.AdaptiveRwp(0.1),
        ["LPF-SGD"] = () => Recipe.LpfSgd(6, 0.01),
        ["m-RWP"] = () => Recipe.MixedRwp(0.1),
        ["RandSAM"] = () => Recipe.RandSam(0.1),
        ["Two points"] = () => Recipe.TwoPointNoise(0.1, 2),
        ["Trace"] = () => Recipe.TraceSam(0.1),
        ["Frobenius"] = () => Recipe.FrobeniusSam(0.1),
        ["Determinant"] = () => Recipe.DeterminantSam(0.1, draws: 2),
    };

    [Theory]
    [MemberData(nameof(Recipes))]
    public void It_resumes_and_leaves_nothing_behind_and_is_not_the_base(string name)
    {
        SharpnessAwareOptimizer Wrap(Problem problem) => optim.SGD(problem.Parameters, 0.1, momentum: 0.9).WithSharpnessAwareness(ByName[name]());
        Resume.EqualsUninterrupted(Wrap);
        Resume.LeavesNoTensors(Wrap);

        using var one = new Problem();
        using var other = new Problem();
        using var optimizer = Wrap(one);
        using var still = optim.SGD(other.Parameters, 0.1, momentum: 0.9).WithSharpnessAwareness(0);
        optimizer.Step(() => one.Backward()).Dispose();
        still.Step(() => other.Backward()).Dispose();
        Assert.False(optimizer.LastStep.Skipped);
        Assert.False(one.Weights().equal(other.Weights()).all().item<bool>());
    }
}
