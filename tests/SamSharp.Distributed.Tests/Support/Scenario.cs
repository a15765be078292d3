using SamSharp.Optimizers;
using SamSharp.Tests.Support;

namespace SamSharp.Distributed.Tests.Support;

/// <summary>Training of a small problem by a group, and the same by one process over the shards as parts of its batch.</summary>
internal sealed record Scenario(string Recipe, string Base = "SGD", int PartsPerMember = 1, double? MaxGradientNorm = null)
{
    private const int Steps = 4, BatchRows = 16;

    /// <summary>The bases, by name. A learning rate that moves the weights well beyond rounding.</summary>
    public static IReadOnlyDictionary<string, Func<Problem, optim.Optimizer>> Bases { get; } = new Dictionary<string, Func<Problem, optim.Optimizer>>
    {
        ["SGD"] = problem => optim.SGD(problem.Parameters, 0.05, momentum: 0.9),
        ["AdamW"] = problem => optim.AdamW(problem.Parameters, 0.01),
        ["FusedSGD"] = problem => new FusedSGD(problem.Parameters, 0.05, momentum: 0.9),
        ["FusedAdamW"] = problem => new FusedAdamW(problem.Parameters, 0.01),
        ["Adafactor"] = problem => new Adafactor(problem.Parameters, 0.01, beta1: 0.9),
    };

    /// <summary>The recipes that a step over the parts of a batch takes: without a history, and without an act after the step.</summary>
    public static IReadOnlyList<string> Recipes { get; } = [.. AllRecipes.Names.Where(name =>
    {
        using var problem = new Problem();
        using var optimizer = Wrap(problem, name, "SGD", null);
        return optimizer.Memory.Keeper is null && !optimizer.Options.Combiner.ActsAfterStep;
    })];

    /// <summary>The weights after some steps of a group in which each member has its own rows, as many as there are in one of the parts.</summary>
    public double[] Train(ProcessGroup group)
    {
        using var scope = NewDisposeScope();
        using var problem = new Problem(seed: group.IsFirst ? 7UL : 8UL);
        group.Broadcast(problem.Model);
        foreach (var data in new[] { problem.X, problem.Y }) GiveFirstSeedsData(data);
        var rows = 0.0;
        using var optimizer = Wrap(problem, Recipe, Base, group.Gradients(() => rows, model: problem.Model, compareEvery: 2), MaxGradientNorm);
        for (var t = 0; t < Steps; t++)
        {
            var parts = Enumerable.Range(0, PartsPerMember)
                .Select(part => PartOf(problem, t, (part * group.Size) + group.Rank, group.Size * PartsPerMember)).ToArray();
            rows = parts.Sum(part => part.Weight);
            if (parts.Length == 1) optimizer.Step(parts[0].Closure).Dispose();
            else optimizer.Step(parts).Dispose();
        }
        group.RequireEqualWeights(problem.Model);
        return problem.Weights().ReadAll<double>();

        static void GiveFirstSeedsData(Tensor data)
        {
            using var first = new Problem(seed: 7);
            data.copy_(data.dtype == ScalarType.Int64 ? first.Y : first.X);
        }
    }

    /// <summary>The weights after the same steps of one process over all parts.</summary>
    public double[] Expect(int size)
    {
        using var scope = NewDisposeScope();
        using var problem = new Problem(seed: 7);
        using var optimizer = Wrap(problem, Recipe, Base, null, MaxGradientNorm);
        for (var t = 0; t < Steps; t++)
        {
            var parts = size * PartsPerMember;
            optimizer.Step(Enumerable.Range(0, parts).Select(part => PartOf(problem, t, part, parts)).ToArray()).Dispose();
        }
        return problem.Weights().ReadAll<double>();
    }

    /// <summary>Wraps the base, or AdamW where the recipe asks for it.</summary>
    public static SharpnessAwareOptimizer Wrap(
        Problem problem, string recipe, string baseName, SamSharp.Steps.IGradientExchange? exchange, double? maxGradientNorm = null)
    {
        var options = AllRecipes.Named(recipe, problem) with { Exchange = exchange, MaxGradientNorm = maxGradientNorm };
        try
        {
            return new SharpnessAwareOptimizer(Bases[baseName](problem), options);
        }
        catch (ArgumentException)
        {
            return new SharpnessAwareOptimizer(Bases["AdamW"](problem), options);
        }
    }

    /// <summary>A part of a step's batch; each has another number of rows.</summary>
    private static BatchPart PartOf(Problem problem, int step, int part, int parts)
    {
        var start = step * BatchRows % 64;
        int from = First(part, parts), to = First(part + 1, parts);
        return new(() =>
        {
            using Tensor x = problem.X.narrow(0, start + from, to - from), y = problem.Y.narrow(0, start + from, to - from);
            return problem.Backward(x, y);
        }, to - from);

        static int First(int part, int parts) => part == parts ? BatchRows : part == 0 ? 0 : Math.Max(part, (BatchRows * part / parts) - 1);
    }
}
