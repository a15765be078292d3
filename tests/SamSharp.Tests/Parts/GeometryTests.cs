using SamSharp.Optimizers;
using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.Parts;

/// <summary>Every geometry's perturbation and final gradient on the quadratic, where they are known; its limiting cases and invariances.</summary>
[TensorScope]
public class GeometryTests
{
    private static readonly Dictionary<string, KnownStep> Cases = new()
    {
        ["sam"] = new(Recipe.Sam(0.1),
            [0.083205029, -0.055470020],
            [1.610940039, -1.138675049]),
        ["usam"] = new(Recipe.UnnormalizedSam(0.1),
            [0.15, -0.1],
            [1.7, -1.25]),
        ["asam"] = new(Recipe.AsamEverywhere(0.1),
            [0.094868330, -0.015811388],
            [1.673925271, -0.968377223]),
        ["asam, kappa"] = new(new() { Rho = 0.1, Geometry = new AdaptiveGeometry(0.01) },
            [0.095721817, -0.016271114],
            [1.675172521, -0.969362638]),
        ["maximum"] = new(Recipe.MaximumSam(0.1),
            [0.1, -0.1],
            [1.6, -1.3]),
        ["fisher"] = new(Recipe.FisherSam(0.1),
            [0.042268197, -0.045790547],
            [1.538745847, -1.140893991]),
        // |w| g rho / ||g||: (1.5, -0.5) * 0.1 / 1.802775638; then g + H e.
        ["weight scaled"] = new(Recipe.WeightScaledSam(0.1),
            [0.083205029, -0.027735010],
            [1.5 + (2 * 0.083205029) - 0.027735010, -1 + 0.083205029 - (4 * 0.027735010)]),
        // One tensor: rho ||w|| g / ||g||, ||w|| = sqrt 1.25.
        ["layerwise"] = new(Recipe.LayerwiseSam(0.1),
            [0.083205029 * 1.118033989, -0.055470020 * 1.118033989],
            [1.5 + (0.110940039 * 1.118033989), -1 - (0.138675049 * 1.118033989)]),
        // T = ||w|| 1.01: rho T^2 g / (T ||g||) = rho T g / ||g||.
        ["layer scaled"] = new(new() { Rho = 0.1, Geometry = new LayerScaledGeometry() },
            [0.083205029 * 1.129214329, -0.055470020 * 1.129214329],
            [1.5 + (0.110940039 * 1.129214329), -1 - (0.138675049 * 1.129214329)]),
    };

    public static TheoryData<string> Known() => new(Cases.Keys);

    [Theory]
    [MemberData(nameof(Known))]
    public void On_the_quadratic(string name)
    {
        var (recipe, perturbation, gradient) = Cases[name];
        var quadratic = new Quadratic();
        using var optimizer = optim.SGD([quadratic.W], 0.1).WithSharpnessAwareness(recipe);
        optimizer.Step(quadratic.Backward).Dispose();
        Close.To([1 + perturbation[0], -0.5 + perturbation[1]], quadratic.Points[1]);
        Close.To(gradient, quadratic.FinalGradient);
    }

    [Theory]
    [MemberData(nameof(Known))]
    public void A_gradient_of_zero_perturbs_nothing(string name)
    {
        var parameter = new Parameter(tensor(new[] { 1.0, -2.0 }));
        using var optimizer = optim.SGD([parameter], 0.1).WithSharpnessAwareness(Cases[name].Recipe);
        var points = new List<double[]>();
        optimizer.Step(() =>
        {
            points.Add(parameter.detach().data<double>().ToArray());
            var loss = parameter.Times(0).sum();
            loss.backward();
            return loss;
        }).Dispose();
        Assert.Equal([1, -2], points[1]);
    }

    [Fact]
    public void Fisher_with_lambda_0_is_SAM_and_otherwise_has_the_radius_in_its_own_metric()
    {
        AssertSame(Recipe.FisherSam(0.1, lambda: 0), Recipe.Sam(0.1));
        var quadratic = new Quadratic();
        using var optimizer = optim.SGD([quadratic.W], 0.1).WithSharpnessAwareness(Recipe.FisherSam(0.1, 1));
        optimizer.Step(quadratic.Backward).Dispose();
        var e = quadratic.Points[1].Zip([1, -0.5], (a, b) => a - b).ToArray();
        Assert.Equal(0.01, (e[0] * e[0] * (1 + 2.25)) + (e[1] * e[1] * (1 + 1)), 9);
    }

    [Fact]
    public void The_maximum_ball_adapts_where_it_is_told_to()
    {
        var quadratic = new Quadratic();
        using var optimizer = optim.SGD([quadratic.W], 0.1)
            .WithSharpnessAwareness(new SharpnessAwareOptions { Rho = 0.1, Geometry = new MaximumGeometry(0.01, _ => true) });
        optimizer.Step(quadratic.Backward).Dispose();
        Close.To([1 + 0.101, -0.5 - 0.051], quadratic.Points[1]);
        Assert.Equal((1.5 * 1.01) + 0.51, optimizer.LastStep.DirectionNorm, 9);
    }

    [Fact]
    public void Layerwise_balls_are_as_large_as_each_tensor()
    {
        using var problem = new Problem();
        var before = problem.Parameters.Select(p => p.detach().clone()).ToArray();
        var seen = new List<Tensor[]>();
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(Recipe.LayerwiseSam(0.1));
        optimizer.Step(() =>
        {
            seen.Add(problem.Parameters.Select(p => p.detach().clone()).ToArray());
            return problem.Backward();
        }).Dispose();
        for (var i = 0; i < before.Length; i++)
            Assert.Equal(0.1 * before[i].norm().item<double>(), (seen[1][i] - before[i]).norm().item<double>(), 9);
    }

    [Fact]
    public void Unnormalized_is_SAM_with_the_gradient_s_norm_in_its_radius()
    {
        using var problem = new Problem();
        using var optimizer = optim.SGD(problem.Parameters, 0).WithSharpnessAwareness(Recipe.UnnormalizedSam(0.1));
        optimizer.Step(() => problem.Backward()).Dispose();
        var gradient = problem.Gradients();
        var norm = optimizer.LastStep.DirectionNorm;
        using var sam = optim.SGD(problem.Parameters, 0).WithSharpnessAwareness(Recipe.Sam(0.1 * norm));
        sam.Step(() => problem.Backward()).Dispose();
        Close.To(gradient, problem.Gradients(), 1e-9);
    }

    [Fact]
    public void Centralized_directions_have_no_mean_over_a_filter()
    {
        using var problem = new Problem();
        var before = problem.Parameters.Select(p => p.detach().clone()).ToArray();
        Tensor[] at = [];
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(Recipe.CentralizedSam(0.1));
        optimizer.Step(() =>
        {
            at = problem.Parameters.Select(p => p.detach().clone()).ToArray();
            return problem.Backward();
        }).Dispose();
        foreach (var (a, b) in at.Zip(before).Where(pair => pair.First.dim() == 2))
        {
            Assert.True((a - b).abs().max().item<double>() > 1e-4);
            Assert.True((a - b).mean([1]).abs().max().item<double>() < 1e-12);
        }
    }

    [Fact]
    public void Parameters_that_are_not_selected_keep_their_bits_and_count_in_no_norm()
    {
        using var problem = new Problem();
        var names = problem.Model.named_parameters().ToDictionary(p => p.name, p => p.parameter);
        var chosen = names.Keys.First();
        var before = names.ToDictionary(p => p.Key, p => p.Value.detach().clone());
        var at = before;
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(new SharpnessAwareOptions
        {
            Rho = 0.1,
            Geometry = new SelectedGeometry(new EuclideanGeometry(), slot => slot.Name == chosen),
            Module = problem.Model,
        });
        optimizer.Step(() =>
        {
            at = names.ToDictionary(p => p.Key, p => p.Value.detach().clone());
            return problem.Backward();
        }).Dispose();
        foreach (var (name, value) in at.Where(p => p.Key != chosen)) Close.Bits(before[name], value);
        Assert.Equal(0.1, (at[chosen] - before[chosen]).norm().item<double>(), 9);
    }

    [Fact]
    public void A_part_of_the_model_is_left_out_as_a_group_of_its_own_would_be()
    {
        Tensor After(Func<nn.Module, nn.Module, SharpnessAwareOptimizer> wrap)
        {
            random.manual_seed(1);
            using var body = nn.Linear(4, 3);
            using var head = nn.Linear(3, 2);
            using var input = randn(8, 4);
            var before = head.weight!.detach().clone();
            using var optimizer = wrap(body, head);
            var seen = before;
            for (var step = 0; step < 3; step++)
            {
                before = head.weight!.detach().clone();
                optimizer.Step(() =>
                {
                    seen = head.weight!.detach().clone();
                    var loss = head.call(body.call(input).tanh()).Squared().mean();
                    loss.backward();
                    return loss;
                }).Dispose();
                Close.Bits(before, seen); // the second pass saw the head's own values
                Assert.NotEqual(0, (before - head.weight!).abs().max().item<float>());
            }
            return cat([body.weight!.flatten(), head.weight!.flatten()]).detach().clone();
        }

        var excepted = After((body, head) => optim.SGD(body.parameters().Concat(head.parameters()), 0.1)
            .WithSharpnessAwareness((Recipe.Asam(body, 0.5) with { Geometry = new AdaptiveGeometry() }).Except(head)));
        var grouped = After((body, head) => new FusedSGD(
            [new FusedSGD.ParamGroup(body.parameters()), new FusedSGD.ParamGroup(head.parameters())], 0.1)
            .WithSharpnessAwareness(Recipe.Asam(body, 0.5) with { Geometry = new AdaptiveGeometry(), Groups = [null, new() { Perturbed = false }] }));
        Close.To(grouped, excepted, 1e-6);
    }

    [Fact]
    public void A_module_without_parameters_cannot_be_left_out()
    {
        using var empty = nn.ReLU();
        Assert.Contains("no parameters", Assert.Throws<ArgumentException>(() => Recipe.Sam().Except(empty)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentNullException>(() => Recipe.Sam().Except(null!));
    }

    [Fact]
    public void Selecting_nothing_is_the_base_optimizer_in_one_pass()
    {
        using var problem = new Problem();
        using var optimizer = optim.SGD(problem.Parameters, 0.1)
            .WithSharpnessAwareness(new SharpnessAwareOptions { Geometry = new SelectedGeometry(new EuclideanGeometry(), _ => false) });
        var passes = 0;
        optimizer.Step(() =>
        {
            passes++;
            return problem.Backward();
        }).Dispose();
        Assert.Equal(1, passes);
        Assert.False(optimizer.LastStep.Perturbed);
    }

    [Fact]
    public void Normalization_layers_are_found_by_type_and_by_name()
    {
        using var model = nn.Sequential(("ln_1", nn.LayerNorm(4)), ("fc", nn.Linear(4, 4)), ("bn", nn.BatchNorm1d(4)));
        using var optimizer = optim.SGD(model.parameters(), 0.1).WithSharpnessAwareness(Recipe.SamOn(model));
        var ofType = NormalizationLayers.Of(model);
        Assert.Equal(["ln_1.weight", "ln_1.bias", "bn.weight", "bn.bias"], optimizer.Parameters.Where(ofType).Select(slot => slot.Name!));
        Assert.Equal(["bn.weight", "bn.bias"], optimizer.Parameters.Where(NormalizationLayers.Named).Select(slot => slot.Name!));
    }

    [Fact]
    public void A_choice_by_name_asks_for_the_module()
    {
        using var problem = new Problem();
        Assert.Contains("Module", Assert.Throws<InvalidOperationException>(() => optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(
            new SharpnessAwareOptions { Geometry = new SelectedGeometry(new EuclideanGeometry(), NormalizationLayers.Named) })).Message,
            StringComparison.Ordinal);
    }

    private static void AssertSame(SharpnessAwareOptions one, SharpnessAwareOptions other)
    {
        Tensor After(SharpnessAwareOptions recipe)
        {
            using var problem = new Problem();
            using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(recipe);
            for (var t = 0; t < 3; t++) optimizer.Step(() => problem.Backward(t)).Dispose();
            return problem.Weights();
        }
        Close.To(After(one), After(other), 1e-10);
    }

    /// <summary>A recipe with its perturbation and its final gradient on the quadratic.</summary>
    private sealed record KnownStep(SharpnessAwareOptions Recipe, double[] Perturbation, double[] Gradient);
}
