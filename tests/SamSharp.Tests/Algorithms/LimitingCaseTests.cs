using SamSharp.Optimizers;
using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.Algorithms;

/// <summary>Arguments with which a rule becomes SAM, the base optimizer or another known rule, and that it is none of them otherwise.</summary>
[TensorScope]
public class LimitingCaseTests
{
    private static readonly double[] Base = [1.5, -1], Sam = [1.610940039, -1.138675049];

    private static readonly Dictionary<string, (Func<SharpnessAwareOptions> Recipe, double[] Final)> Cases = new()
    {
        ["R-SAM without noise: SAM"] = (() => WithDraws(Recipe.RSam(0.1, 1, maxNorm: null), [0, 0]) with { Geometry = new RawGeometry() }, Sam),
        ["TSAM, one point without noise: SAM"] = (() => WithDraws(Recipe.Tsam(0.1, draws: 1), [0, 0]), Sam),
        ["GAM, g+ alone: SAM"] = (() => Recipe.Gam(0.1, 0.2, beta1: 1, beta2: 0.8, beta3: 0, gamma: 0), Sam),
        ["GNP, g alone: the base"] = (() => Recipe.PenalizedGradientNorm(0.1, 0), Base),
        ["NSO, g alone: the base"] = (() => Recipe.TwoPointNoise(0.1, lambda: 1), Base),
        ["NSO, one-sided, a share of g"] = (() => WithDraws(Recipe.OneSidedNoise(1, lambda: 0.3), [0.02, -0.01]), [1.521, -1.014]),
        // H (w + 0.1 u) for the only direction there is
        ["DRM, one direction: RandSAM"] = (() =>
        {
            var recipe = Recipe.Drm(() => tensor(0.0), 0.1, draws: 1);
            return recipe with { Direction = (WorstDirection)recipe.Direction with { Noise = new GivenNoise([0.6, 0.8]) } };
        }, [1.7, -0.62]),
        ["Entropy-MCMC, cold, at its anchor: the base"] = (() => Recipe.EntropyMcmc(100, temperature: 0), Base),
        ["SAM-Polyak at the largest rate: SAM times it"] = (() => Recipe.SamPolyak(0.1, maxRate: 0.1), [0.1610940039, -0.1138675049]),
        ["SAM-Polyak below the least loss: nothing"] = (() => Recipe.SamPolyak(0.1, lowest: 9), [0, 0]),
        // The rise of g is twice SAM's, as the radius is sqrt(0.04).
        ["SA-SAM, first step: SAM of radius sqrt(rate), times rate"] = (() => Recipe.SmoothnessAdaptiveSam(0.04), [0.06887520312, -0.05109400392]),
        ["RoAST, first epoch: the base"] = (() => Recipe.Roast(2), Base),
    };

    public static TheoryData<string> Limits => [.. Cases.Keys];

    [Theory]
    [MemberData(nameof(Limits))]
    public void The_final_gradient_is_a_known_one(string name)
    {
        var quadratic = new Quadratic();
        using var optimizer = optim.SGD([quadratic.W], 1).WithSharpnessAwareness(Cases[name].Recipe());
        optimizer.Step(quadratic.Backward).Dispose();
        Close.To(Cases[name].Final, quadratic.FinalGradient, 2e-9);
    }

    /// <summary>With its defaults each is a rule of its own: neither the base optimizer nor SAM of the same radius.</summary>
    [Theory]
    [InlineData(nameof(Recipe.RSam))]
    [InlineData(nameof(Recipe.SmoothnessAdaptiveSam))]
    [InlineData(nameof(Recipe.Tram))]
    [InlineData(nameof(Recipe.TwoPointNoise))]
    [InlineData(nameof(Recipe.OneSidedNoise))]
    [InlineData(nameof(Recipe.RandomEscape))]
    [InlineData(nameof(Recipe.SharpnessAwareEscape))]
    [InlineData(nameof(Recipe.Drm))]
    [InlineData(nameof(Recipe.Gam))]
    [InlineData(nameof(Recipe.CFlat))]
    [InlineData(nameof(Recipe.Sagm))]
    [InlineData(nameof(Recipe.PenalizedGradientNorm))]
    [InlineData(nameof(Recipe.Tsam))]
    [InlineData(nameof(Recipe.EntropyMcmc))]
    [InlineData(nameof(Recipe.ZSharp))]
    [InlineData(nameof(Recipe.LeSam))]
    [InlineData(nameof(Recipe.SamPolyak))]
    [InlineData(nameof(Recipe.Roast))]
    public void It_is_neither_the_base_nor_sam(string name)
    {
        Tensor Trained(Func<Problem, SharpnessAwareOptions> recipe)
        {
            using var problem = new Problem();
            using var optimizer = optim.SGD(problem.Parameters, 0.1, momentum: 0.9).WithSharpnessAwareness(recipe(problem));
            for (var t = 0; t < 4; t++) optimizer.Step(() => problem.Backward(t)).Dispose();
            return problem.Weights();
        }
        var own = Trained(problem => AllRecipes.Named(name, problem));
        foreach (var other in new[] { Trained(_ => Recipe.Sam(0)), Trained(problem => Recipe.Sam(AllRecipes.Named(name, problem).Rho)) })
            Assert.True(own.sub(other).abs().max().ReadDouble() > 1e-9, $"{name} is the base optimizer, or SAM");
    }

    /// <summary>What is no matrix is not filtered; four entries, since two always have the same score.</summary>
    [Fact]
    public void ZSharp_of_a_vector_is_sam()
    {
        var (weight, slope, points) = (new Parameter(zeros(4, float64)), tensor(new[] { 1, -2, 0.5, 3 }), new List<double[]>());
        using var optimizer = optim.SGD([weight], 0).WithSharpnessAwareness(Recipe.ZSharp(0.1));
        optimizer.Step(() =>
        {
            points.Add(weight.detach().ReadAll<double>());
            var loss = weight.mul(slope).sum();
            loss.backward();
            return loss;
        }).Dispose();
        var unit = 0.1 / Math.Sqrt(14.25);
        Close.To([unit, -2 * unit, 0.5 * unit, 3 * unit], points[1], 1e-9);
    }

    /// <summary>Two equal sets of predictions do not differ; the other number is computed from the published kernel.</summary>
    [Fact]
    public void Mean_discrepancy_is_the_formula_and_zero_between_equals()
    {
        Tensor x = tensor(new[] { 0.7, 0.3, 0.2, 0.8 }, [2, 2]), y = tensor(new[] { 0.6, 0.4, 0.5, 0.5 }, [2, 2]);
        Assert.Equal(0, SamSharp.Objectives.MaximumMeanDiscrepancy(x, x).ReadDouble(), 1e-12);
        Assert.Equal(9.670783563, SamSharp.Objectives.MaximumMeanDiscrepancy(x, y).ReadDouble(), 1e-8);
    }

    /// <summary>Learning rates by spectra are the optimizer's, so a checkpoint carries them.</summary>
    [Fact]
    public void Rates_by_spectra_go_on_from_a_checkpoint()
    {
        Parameter[] parameters = [Matrix(4), Matrix(1)];
        FusedSGD Inner() => new(parameters.Select(parameter => new FusedSGD.ParamGroup([parameter])), 0.3);
        using var optimizer = Inner().WithSharpnessAwareness(0.05);
        new TempBalance().Apply(optimizer, 0.1);
        using var stream = new MemoryStream();
        optimizer.save_state_dict(new BinaryWriter(stream));
        var inner = Inner();
        using var resumed = inner.WithSharpnessAwareness(0.05);
        stream.Position = 0;
        resumed.load_state_dict(new BinaryReader(stream));
        Assert.Equal([0.05, 0.15], inner.ParamGroups.Select(group => Math.Round(group.LearningRate, 12)));

        static Parameter Matrix(int power) => new(diag(tensor(Enumerable.Range(1, 60).Select(i => Math.Pow(i, power / 2.0)).ToArray())));
    }

    private static SharpnessAwareOptions WithDraws(SharpnessAwareOptions recipe, params double[][] draws) =>
        recipe with { Direction = new RandomDirection(new GivenNoise(draws)) };
}
