using SamSharp.Tests.Support;

namespace SamSharp.Tests.Recipes;

/// <summary>What holds for every recipe, whatever its rule.</summary>
public class EveryRecipeTests
{
    public static TheoryData<string> Names => new(AllRecipes.Names);

    [Theory]
    [MemberData(nameof(Names))]
    public void It_goes_on_from_a_checkpoint_as_if_nothing_had_happened(string recipe) =>
        Resume.EqualsUninterrupted(problem => Wrap(recipe, problem));

    /// <summary>Plain and perturbed steps hold different numbers of tensors, so that the most of several steps is compared.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void It_leaves_no_tensors_behind(string recipe)
    {
        using var problem = new Problem();
        using var optimizer = Wrap(recipe, problem);
        var first = MostAlive();
        Assert.True(MostAlive() <= first, "the number of live tensors grows");

        long MostAlive() => Enumerable.Range(0, 12).Max(t =>
        {
            optimizer.Step(() => problem.Backward(t)).Dispose();
            return DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        });
    }

    /// <summary>No base but SGD with momentum is needed by any.</summary>
    private static SharpnessAwareOptimizer Wrap(string recipe, Problem problem) =>
        AllRecipes.Wrap(recipe, problem, optim.SGD(problem.Parameters, 0.1, momentum: 0.9))!;
}
