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

    [Theory]
    [MemberData(nameof(Names))]
    public void It_leaves_no_tensors_behind(string recipe) => Resume.LeavesNoTensors(problem => Wrap(recipe, problem), first: 8);

    /// <summary>No base but SGD with momentum is needed by any.</summary>
    private static SharpnessAwareOptimizer Wrap(string recipe, Problem problem) =>
        AllRecipes.Wrap(recipe, problem, optim.SGD(problem.Parameters, 0.1, momentum: 0.9))!;
}
