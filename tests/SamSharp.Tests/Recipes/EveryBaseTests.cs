using SamSharp.Optimizers;
using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.Recipes;

/// <summary>Every recipe on this library's base optimizers moves the weights as on the optimizer that each stands for.</summary>
[Collection(GlobalRandomNumbers.Name)]
public class EveryBaseTests
{
    private const int Steps = 6;

    private static readonly Dictionary<string, (Make Own, Make Other)> Bases = new()
    {
        ["SGD"] = (weights => new FusedSGD(weights, 0.1), weights => optim.SGD(weights, 0.1)),
        ["SGD with momentum"] = (weights => new FusedSGD(weights, 0.1, momentum: 0.9), weights => optim.SGD(weights, 0.1, momentum: 0.9)),
        ["Adam"] = (weights => new FusedAdam(weights, 0.01), weights => optim.Adam(weights, 0.01)),
        ["AdamW"] = (weights => new FusedAdamW(weights, 0.01, weightDecay: 0.1), weights => optim.AdamW(weights, 0.01, weight_decay: 0.1)),
        ["Adafactor"] = (weights => new Adafactor(weights, 0.01, relativeStep: false, beta1: 0.9),
            weights => new Adafactor(weights, 0.01, relativeStep: false, beta1: 0.9, kernel: UpdateKernels.Reference)),
    };

    private delegate optim.Optimizer Make(IEnumerable<Parameter> weights);

    public static TheoryData<string, string> Cases()
    {
        var cases = new TheoryData<string, string>();
        foreach (var recipe in AllRecipes.Names)
        {
            foreach (var bases in Bases.Keys) cases.Add(recipe, bases);
        }
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void It_steps_as_on_the_optimizer_that_the_base_stands_for(string recipe, string bases)
    {
        using var scope = NewDisposeScope();
        var (own, other) = (Weights(recipe, Bases[bases].Own), Weights(recipe, Bases[bases].Other));
        Assert.Equal(own is null, other is null); // a base that the recipe cannot follow is refused whoever made it
        if (own is null) return;
        Assert.True(own.isfinite().all().item<bool>());
        Close.To(other!, own, 1e-9);
    }

    /// <summary>The weights after a few steps; null if the recipe needs another base.</summary>
    private static Tensor? Weights(string recipe, Make bases)
    {
        using var problem = new Problem();
        using var before = problem.Weights();
        using var optimizer = AllRecipes.Wrap(recipe, problem, bases(problem.Parameters));
        if (optimizer is null) return null;
        for (var step = 0; step < Steps; step++) optimizer.Step(() => problem.Backward(step)).Dispose();
        var after = problem.Weights();
        Assert.False(after.allclose(before), "the weights have not moved");
        return after;
    }
}
