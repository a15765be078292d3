using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.Algorithms;

/// <summary>One step on the quadratic, with numbers computed from the published rules by a program that does not know this library.</summary>
public class LiteratureTests
{
    private static readonly INoise Up = new GivenNoise([0.6, 0.8], [-0.8, 0.6], [0, -1]);

    private static readonly Dictionary<string, (Func<SharpnessAwareOptions> Recipe, double[] Final)> Finals = new()
    {
        ["SAGM"] = (() => Recipe.Sagm(0.1, 0.01), [1.54547002, -1.056837525]),
        ["SAGM, alpha 0"] = (() => Recipe.Sagm(0.1, 0), [1.5554700195, -1.0693375245]),
        ["GAM"] = (() => Recipe.Gam(0.04, 0.1, 0.2, 0.8, 0.8, 0.04), [1.572118624, -1.271414461]),
        ["C-Flat"] = (() => Recipe.CFlat(0.1, 0.2), [1.629483025, -1.173397749]),
        ["C-Flat, lambda 0: SAM"] = (() => Recipe.CFlat(0.1, 0), [1.610940039, -1.138675049]),
        ["R-SAM"] = (() => Recipe.RSam(0.1, 1, maxNorm: null) with
        {
            Direction = new RandomDirection(new GivenNoise([0.02, -0.01])),
            Geometry = new RawGeometry(),
        }, [1.611085544, -1.138383938]),
        ["TSAM"] = (() => Tilted(20), [1.625559882, -1.135181957]),
        ["TSAM, tilt 0: the mean"] = (() => Tilted(0), [1.627762856, -1.101293279]),
        ["escape, random"] = (() => Recipe.RandomEscape(0.1) with { Direction = new RandomDirection(Up) }, [1.736923077, -0.6446153846]),
        ["escape, random, far from a stationary point: g"] = (() => Recipe.RandomEscape(0.1, threshold: 1) with
        {
            Direction = new RandomDirection(Up),
        }, [1.5, -1]),
        ["GNP, all of g+: SAM"] = (() => Recipe.PenalizedGradientNorm(0.1, 1), [1.610940039, -1.138675049]),
        ["LE-SAM"] = (() => Recipe.LeSam(0.1, 0.5), [1.5 + (2 * 0.04615384615) - 0.03076923077, -1 + 0.04615384615 - (4 * 0.03076923077)]),
        ["LE-SAM, never farther than the largest radius: SAM"] = (() => Recipe.LeSam(10, 0.1), [1.610940039, -1.138675049]),
        ["Unified SAM, lambda 1: SAM"] = (() => Recipe.UnifiedSam(0.1, 1), [1.610940039, -1.138675049]),
        ["Unified SAM, lambda 0: unnormalized"] = (() => Recipe.UnifiedSam(0.1, 0), [1.7, -1.25]),
    };

    public static TheoryData<string> Cases => [.. Finals.Keys];

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_final_gradient_is_the_rule_s(string name)
    {
        var quadratic = new Quadratic();
        using var optimizer = optim.SGD([quadratic.W], 0.1).WithSharpnessAwareness(Finals[name].Recipe());
        optimizer.Step(quadratic.Backward).Dispose();
        Close.To(Finals[name].Final, quadratic.FinalGradient, 2e-9);
    }

    /// <summary>The sign is random: one of the two, and both occur.</summary>
    [Fact]
    public void The_sharpness_aware_escape_goes_either_way()
    {
        var seen = new HashSet<bool>();
        for (var seed = 0; seed < 20; seed++)
        {
            var quadratic = new Quadratic();
            using var optimizer = optim.SGD([quadratic.W], 0.1).WithSharpnessAwareness(Recipe.SharpnessAwareEscape(0.1, seed: seed));
            optimizer.Step(quadratic.Backward).Dispose();
            var back = quadratic.FinalGradient[0] > 1.5;
            Close.To(back ? [1.529868472, -0.9551972918] : [1.470131528, -1.044802708], quadratic.FinalGradient, 2e-9);
            seen.Add(back);
        }
        Assert.Equal(2, seen.Count);
    }

    /// <summary>An example that is three times the loss gives three times the part, and two more passes.</summary>
    [Fact]
    public void The_sharpness_aware_escape_takes_another_example()
    {
        var quadratic = new Quadratic();
        using var optimizer = optim.SGD([quadratic.W], 0.1).WithSharpnessAwareness(Recipe.SharpnessAwareEscape(0.1));
        optimizer.Step(quadratic.Backward, ascent: () => quadratic.Backward(3)).Dispose();
        Assert.Equal(4, quadratic.Points.Count);
        Assert.Equal(3 * 0.0298684721, Math.Abs(quadratic.FinalGradient[0] - 1.5), 1e-8);
    }

    [Fact]
    public void The_worst_of_the_directions_is_found_by_forward_passes_and_serves_for_some_steps()
    {
        var quadratic = new Quadratic();
        var looks = 0;
        Tensor Loss()
        {
            looks++;
            var (x, y) = (quadratic.Weights[0], quadratic.Weights[1]);
            return tensor((x * x) + (x * y) + (2 * y * y));
        }
        var recipe = Recipe.Drm(Loss, 0.1, draws: 3, every: 2);
        using var optimizer = optim.SGD([quadratic.W], 0.01).WithSharpnessAwareness(recipe with
        {
            Direction = ((WorstDirection)recipe.Direction) with { Noise = Up },
        });
        optimizer.Step(quadratic.Backward).Dispose();
        Close.To([1.4, -1.4], quadratic.FinalGradient, 1e-12);
        optimizer.Step(quadratic.Backward).Dispose();
        Assert.Equal((3, 2), (looks, quadratic.Points.Count));
        optimizer.Step(quadratic.Backward).Dispose();
        Assert.Equal(6, looks);
    }

    [Fact]
    public void A_filtered_gradient_keeps_the_entries_that_stand_out()
    {
        foreach (var (quantile, expected) in new[] { (0.5, new[] { 0, -0.05547001962, 0, 0.08320502943 }), (0.95, new[] { 0, -0.1, 0, 0 }) })
        {
            using var weight = new Parameter(zeros(2, 2, float64));
            using var slope = tensor(new[] { 1, -2, 0.5, 3 }, [2, 2]);
            using var optimizer = optim.SGD([weight], 0).WithSharpnessAwareness(Recipe.ZSharp(0.1, quantile));
            var points = new List<double[]>();
            optimizer.Step(() =>
            {
                points.Add(weight.detach().ReadAll<double>());
                using var scope = NewDisposeScope();
                var loss = (weight * slope).sum();
                loss.backward();
                return loss.MoveToOuterDisposeScope();
            }).Dispose();
            Close.To(expected, points[1], 1e-9);
        }
    }

    [Fact]
    public void Smoothness_finds_the_rate_and_the_radius()
    {
        var path = new[] { 0.8130760189, -0.3547156919, 0.6387884015, -0.266408976, 0.486765077, -0.2015538612 };
        var quadratic = new Quadratic();
        using var optimizer = optim.SGD([quadratic.W], 1).WithSharpnessAwareness(Recipe.SmoothnessAdaptiveSam(0.1, asInCode: true));
        for (var t = 0; t < 3; t++)
        {
            optimizer.Step(quadratic.Backward).Dispose();
            Close.To(path[(2 * t)..((2 * t) + 2)], quadratic.Weights, 2e-8);
        }
        Assert.Equal(9, quadratic.Points.Count);
    }

    [Fact]
    public void Polyak_s_step_and_LightSAM_s_end_where_the_rules_say()
    {
        foreach (var (recipe, rate, end) in new[]
        {
            (Recipe.SamPolyak(0.1), 1, new[] { 0.5895610025, -0.2098857597 }),
            (Recipe.LightSamNorm(0.1), 0.1, new[] { 1 - (0.1610940039 / 1.9727414115), -0.5 + (0.1138675049 / 1.9727414115) }),
        })
        {
            var quadratic = new Quadratic();
            using var optimizer = optim.SGD([quadratic.W], rate).WithSharpnessAwareness(recipe);
            optimizer.Step(quadratic.Backward).Dispose();
            Close.To(end, quadratic.Weights, 1e-7);
        }
    }

    [Fact]
    public void Means_climb_in_the_scale_of_their_deviations()
    {
        var quadratic = new Quadratic();
        using var deviation = new Parameter(tensor(new[] { 0.5, 0.2 }));
        var recipe = Recipe.VariationalSam([(quadratic.W, deviation)], 0.1, raw => raw.alias(), perturbsDeviations: false);
        using var optimizer = optim.SGD([quadratic.W, deviation], 0.1).WithSharpnessAwareness(recipe);
        optimizer.Step(quadratic.Backward).Dispose();
        Close.To([1.1536442559, -0.6600460999], quadratic.Points[1], 1e-9);
    }

    /// <summary>The recipe gets its pairs again; nothing else is remembered than the base optimizer's momentum.</summary>
    [Fact]
    public void Gaussian_weights_go_on_from_a_checkpoint()
    {
        Resume.EqualsUninterrupted(Wrap);
        Resume.LeavesNoTensors(Wrap);

        static SharpnessAwareOptimizer Wrap(Problem problem)
        {
            var mean = problem.Parameters.First();
            var deviation = new Parameter(mean.FullLike(0.5));
            return optim.SGD([.. problem.Parameters, deviation], 0.05, momentum: 0.9)
                .WithSharpnessAwareness(Recipe.VariationalSam([(mean, deviation)], 0.1));
        }
    }

    /// <summary>Counts 90 and 10, exponent 3, strength 0.5.</summary>
    [Fact]
    public void Rare_classes_weigh_more()
    {
        Close.To([0.0005, 0.3645], SamSharp.Objectives.FocalWeights([90, 10], 0.5, 3), 1e-12);
        Assert.Throws<ArgumentException>(() => SamSharp.Objectives.FocalWeights([0, 0]));
        using var problem = new Problem();
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness();
        using var weights = ones(3, float64);
        Assert.Throws<ArgumentException>(() => optimizer.FocalStep(() => ones(4, float64, requires_grad: true), weights));
    }

    [Fact]
    public void The_radius_can_follow_the_root_of_the_learning_rate()
    {
        var quadratic = new Quadratic();
        using var optimizer = optim.SGD([quadratic.W], 0.04).WithSharpnessAwareness(Recipe.Sam(0.5) with
        {
            Schedule = RadiusSchedule.SquareRootOfLearningRate,
        });
        optimizer.Step(quadratic.Backward).Dispose();
        Assert.Equal(0.1, optimizer.LastStep.Radius, 1e-12);
    }

    [Fact]
    public void Anchors_are_those_of_entropy_MCMC_alone()
    {
        var quadratic = new Quadratic();
        using var other = optim.SGD([new Quadratic().W], 0.1).WithSharpnessAwareness();
        Assert.Throws<InvalidOperationException>(() => other.Anchors());
        using var optimizer = optim.SGD([quadratic.W], 0.1).WithSharpnessAwareness(Recipe.EntropyMcmc(100, eta: 1, temperature: 0, weightDecay: 0));
        for (var t = 0; t < 2; t++) optimizer.Step(quadratic.Backward).Dispose();
        // The anchor began at w, and followed it by 0.1 / 100 of the way in the second step.
        var anchor = Assert.Single(optimizer.Anchors().Values);
        Close.To([1 - (0.001 * 0.15), -0.5 + (0.001 * 0.1)], anchor.ReadAll<double>(), 1e-12);
        anchor.Dispose();
    }

    private static SharpnessAwareOptions Tilted(double tilt) => Recipe.Tsam(0.1, tilt) with
    {
        Direction = new RandomDirection(new GivenNoise([0.02, 0.01], [-0.01, 0.03], [0, -0.02])),
    };
}
