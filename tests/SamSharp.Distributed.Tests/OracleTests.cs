using SamSharp.Distributed.Tests.Support;
using SamSharp.Tests.Needs;

namespace SamSharp.Distributed.Tests;

/// <summary>A group over the shards of a batch is one process over the parts of that batch.</summary>
public class OracleTests
{
    public static TheoryData<string, int> Recipes()
    {
        var cases = new TheoryData<string, int>();
        foreach (var recipe in Scenario.Recipes)
        {
            cases.Add(recipe, 2);
            cases.Add(recipe, 4);
        }
        return cases;
    }

    public static TheoryData<string, int, string> OnMpi()
    {
        var cases = new TheoryData<string, int, string>();
        foreach (var mpi in MpiRun.Implementations)
        {
            foreach (var recipe in Scenario.Recipes)
            {
                cases.Add(recipe, 2, mpi);
                cases.Add(recipe, 4, mpi);
            }
        }
        return cases;
    }

    public static TheoryData<string> Bases() => [.. Scenario.Bases.Keys];

    [Theory]
    [MemberData(nameof(Recipes))]
    public void Threads_over_their_shards_are_one_process_over_parts(string recipe, int size) => Compare(new Scenario(recipe), size);

    [Theory]
    [MemberData(nameof(Bases))]
    public void Every_base_optimizer_makes_the_same_step_on_all_members(string baseName) => Compare(new Scenario("Sam", baseName), 2);

    [Theory]
    [InlineData("Sam")]
    [InlineData("RandSam")]
    [InlineData("Gsam")]
    public void Members_may_have_parts_of_their_own(string recipe) => Compare(new Scenario(recipe, PartsPerMember: 2), 2);

    /// <summary>The limit holds for the mean of all members' gradients; a member's own gradient is not limited.</summary>
    [Theory]
    [InlineData("Sam")]
    [InlineData("Gsam")]
    public void The_mean_gradient_is_clipped(string recipe)
    {
        var clipped = new Scenario(recipe, MaxGradientNorm: 0.05);
        Assert.NotEqual(new Scenario(recipe).Expect(2), clipped.Expect(2));
        Compare(clipped, 2);
    }

    [TheoryThatNeeds(What = Need.Mpi)]
    [MemberData(nameof(OnMpi))]
    public void Processes_over_their_shards_are_one_process_over_parts(string recipe, int size, string mpi)
    {
        MpiRun.SkipWithout(mpi);
        var expected = new Scenario(recipe).Expect(size);
        var results = OracleRun.Of(mpi, size);
        for (var rank = 0; rank < size; rank++)
        {
            Assert.Equal(results.Weights(recipe, 0), results.Weights(recipe, rank));
            SamSharp.Tests.Support.Close.To(expected, results.Weights(recipe, rank), 1e-12);
        }
    }

    private static void Compare(Scenario scenario, int size)
    {
        var expected = scenario.Expect(size);
        var actual = new double[size][];
        LocalGroup.Run(size, group => actual[group.Rank] = scenario.Train(group));
        for (var rank = 0; rank < size; rank++)
        {
            Assert.Equal(actual[0], actual[rank]);
            SamSharp.Tests.Support.Close.To(expected, actual[rank], 1e-12);
        }
    }
}
