using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.Parts;

/// <summary>Combiners where something is zero, missing or kept.</summary>
[TensorScope]
public class CombinerEdgeTests
{
    public static TheoryData<string, Func<SharpnessAwareOptions>> Recipes() => new()
    {
        { "GSAM", () => Recipe.Gsam(rho: 0.2) },
        { "WSAM", () => Recipe.Wsam(rho: 0.2) },
        { "coupled WSAM", () => Recipe.CoupledWsam(rho: 0.2) },
        { "clipped WSAM", () => Recipe.Wsam(rho: 0.2) with { Combiner = new DecoupledSharpness(0.9, new GradientClipping(0.1)) } },
        { "StableSAM", () => Recipe.StableSam(rho: 0.2) },
        { "StableSAM on ASAM", () => Recipe.StableAsam() },
        { "StableSAM on USAM", () => Recipe.StableUnnormalizedSam() },
        { "LookSAM", () => Recipe.LookSam(k: 2, rho: 0.2) },
        {
            "LookSAM per tensor",
            () => Recipe.LookSam(k: 2, rho: 0.2) with { Combiner = new RememberedSharpness(0.7, PerTensor: true, NormFloor: 1e-8) }
        },
        { "Look-LayerSAM", () => Recipe.LookLayerSam(k: 2) },
        { "CR-SAM", () => Recipe.CrSam(rho: 0.2) },
    };

    [Theory]
    [MemberData(nameof(Recipes))]
    public void It_differs_from_sam_and_from_the_base(string name, Func<SharpnessAwareOptions> recipe)
    {
        var own = Train(recipe());
        var sam = Train(recipe() with { Combiner = new PerturbedGradient() });
        var plain = Train(recipe() with { Rho = 0, Schedule = RadiusSchedule.Constant });
        Assert.True((own - sam).abs().max().item<double>() > 1e-6, $"{name} is SAM");
        Assert.True((own - plain).abs().max().item<double>() > 1e-6, $"{name} is the base optimizer");
    }

    [Theory]
    [MemberData(nameof(Recipes))]
    public void A_gradient_of_zero_moves_nothing(string name, Func<SharpnessAwareOptions> recipe)
    {
        var weights = new Parameter(tensor(new[] { 1.0, 2.0 }));
        using var optimizer = optim.SGD([weights], 0.1).WithSharpnessAwareness(recipe());
        for (var t = 0; t < 3; t++) optimizer.Step(() => Backward(weights.Times(0).sum())).Dispose();
        Assert.False(optimizer.LastStep.Skipped, name);
        Close.To([1.0, 2.0], weights.detach().data<double>().ToArray(), 0);
    }

    [Theory]
    [MemberData(nameof(Recipes))]
    public void Parameters_in_several_groups_and_one_that_the_first_pass_leaves_out(string name, Func<SharpnessAwareOptions> recipe)
    {
        var first = new Parameter(tensor(new[] { 1.0, -2.0 }));
        var (second, late) = (new Parameter(tensor(new[] { 0.5 })), new Parameter(tensor(new[] { 3.0 })));
        using var optimizer = optim.SGD([new SGD.ParamGroup([first]), new SGD.ParamGroup([second, late])], 0.1).WithSharpnessAwareness(recipe());
        var passes = 0;
        for (var t = 0; t < 4; t++)
        {
            passes = 0;
            optimizer.Step(() => Backward(((first * first).sum() * (second * second).sum()).Plus(passes++ > 0 ? late.sum() : tensor(0)))).Dispose();
            Assert.False(optimizer.LastStep.Skipped, name);
        }
        foreach (var parameter in new[] { first, second, late }) Assert.True(parameter.isfinite().all().item<bool>(), name);
    }

    [Theory]
    [MemberData(nameof(Recipes))]
    public void Lower_precision_goes_the_same_way(string name, Func<SharpnessAwareOptions> recipe)
    {
        using var expected = Train(recipe());
        foreach (var (dtype, tolerance) in new[] { (float32, 2e-4), (bfloat16, 0.15) })
        {
            using var actual = Train(recipe(), dtype);
            Assert.True((actual.to(float64) - expected).abs().max().item<double>() < tolerance,
                $"{name} in {dtype}: {(actual.to(float64) - expected).abs().max().item<double>()}");
        }
    }

    [Fact]
    public void Where_the_two_gradients_are_parallel_looksam_remembers_nothing()
    {
        // H = 3 I: g+ is a multiple of g, and what is orthogonal is rounding.
        var weights = new Parameter(tensor(new[] { 0.3, -0.7, 1.1 }));
        using var optimizer = optim.SGD([weights], 0.0).WithSharpnessAwareness(Recipe.LookSam(k: 2, rho: 0.1));
        for (var t = 0; t < 2; t++) optimizer.Step(() => Backward((weights * weights).sum().Times(1.5))).Dispose();
        Close.To([0.9, -2.1, 3.3], weights.grad!.data<double>().ToArray(), 1e-12);
    }

    [Fact]
    public void Stable_sam_keeps_the_length_of_the_gradient()
    {
        using var problem = new Problem();
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(Recipe.StableSam(rho: 0.3));
        optimizer.Step(() => problem.Backward()).Dispose();
        Assert.Equal(optimizer.LastStep.DirectionNorm, problem.Gradients().norm().item<double>(), 10);
    }

    [Fact]
    public void With_k_1_looksam_is_sam_bit_for_bit() => Close.Bits(Train(Recipe.Sam(rho: 0.2)), Train(Recipe.LookSam(k: 1, rho: 0.2)));

    [Fact]
    public void Looksam_resumed_equals_uninterrupted()
    {
        using var uninterrupted = new Problem();
        using var first = optim.SGD(uninterrupted.Parameters, 0.1, momentum: 0.9).WithSharpnessAwareness(Recipe.LookSam(k: 3, rho: 0.2));
        for (var t = 0; t < 2; t++) first.Step(() => uninterrupted.Backward(t)).Dispose();
        using var stream = new MemoryStream();
        first.save_state_dict(new BinaryWriter(stream));

        using var resumed = new Problem();
        foreach (var (to, from) in resumed.Parameters.Zip(uninterrupted.Parameters)) using (no_grad()) to.copy_(from);
        using var second = optim.SGD(resumed.Parameters, 0.1, momentum: 0.9).WithSharpnessAwareness(Recipe.LookSam(k: 3, rho: 0.2));
        stream.Position = 0;
        second.load_state_dict(new BinaryReader(stream));
        for (var t = 2; t < 6; t++)
        {
            first.Step(() => uninterrupted.Backward(t)).Dispose();
            second.Step(() => resumed.Backward(t)).Dispose();
        }
        Close.Bits(uninterrupted.Weights(), resumed.Weights());
    }

    [Theory]
    [MemberData(nameof(Recipes))]
    public void No_tensor_is_left_behind(string name, Func<SharpnessAwareOptions> recipe)
    {
        using var problem = new Problem();
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(recipe());
        for (var t = 0; t < 2; t++) optimizer.Step(() => problem.Backward(t)).Dispose();
        var alive = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (var t = 2; t < 6; t++) optimizer.Step(() => problem.Backward(t)).Dispose();
        Assert.True(alive == DisposeScopeManager.Statistics.ThreadTotalLiveCount, name);
    }

    [Fact]
    public void A_combiner_that_acts_after_the_step_has_no_gradient_alone()
    {
        using var problem = new Problem();
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(Recipe.Wsam());
        var refusal = Assert.Throws<InvalidOperationException>(() => optimizer.Gradient(() => problem.Backward()));
        Assert.Contains(nameof(DecoupledSharpness), refusal.Message, StringComparison.Ordinal);
        problem.Backward().Dispose();
        Assert.Contains(nameof(DecoupledSharpness), Assert.Throws<InvalidOperationException>(optimizer.Apply).Message, StringComparison.Ordinal);
    }

    private static Tensor Backward(Tensor loss)
    {
        loss.backward();
        return loss;
    }

    private static Tensor Train(SharpnessAwareOptions recipe, ScalarType dtype = ScalarType.Float64)
    {
        using var problem = new Problem(dtype);
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(recipe);
        for (var t = 0; t < 4; t++) optimizer.Step(() => problem.Backward(t)).Dispose();
        return problem.Weights();
    }
}
