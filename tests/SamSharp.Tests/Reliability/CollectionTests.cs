using System.Diagnostics;
using System.Reflection;
using SamSharp.Kernels;
using SamSharp.Optimizers;
using SamSharp.Tests.Support;

namespace SamSharp.Tests.Reliability;

/// <summary>
/// Training beside a thread that collects garbage. What fails here fails a user once in a long while, as a crash of the process or as an error that
/// makes no sense.
/// </summary>
[Trait("Category", "Reliability")]
[Collection(GlobalRandomNumbers.Name)]
public class CollectionTests
{
    /// <summary>The base optimizers are the fused ones: TorchSharp's own leave Scalars to the collector.</summary>
    private static readonly Func<Problem, optim.Optimizer>[] Bases =
    [
        problem => new FusedSGD(problem.Parameters, 0.05, momentum: 0.9),
        problem => new FusedAdamW(problem.Parameters, 0.01),
        problem => new Adafactor(problem.Parameters, 0.01),
    ];

    private static readonly MethodInfo[] Recipes =
        [.. typeof(Recipe).GetMethods(BindingFlags.Public | BindingFlags.Static)
            .Where(recipe => recipe.ReturnType == typeof(SharpnessAwareOptions)).OrderBy(recipe => recipe.Name)];

    [Fact]
    public void Every_recipe_trains_beside_a_collecting_thread()
    {
        using var collecting = new CollectingThread();
        var watch = Stopwatch.StartNew();
        var driven = new HashSet<string>();
        var steps = 0L;
        for (var round = 0; round == 0 || watch.Elapsed < Campaign.StressTime; round++)
        {
            foreach (var recipe in Recipes)
            {
                using var problem = new Problem(seed: (ulong)round, dropout: round % 2 * 0.1);
                if (Options(recipe, problem) is not { } options) continue;
                if (Wrap(Bases[round % Bases.Length](problem), options) is not { } wrapped) continue;
                using var optimizer = wrapped;
                for (var step = 0; step < 4; step++) optimizer.Step(() => problem.Backward(step)).Dispose();
                driven.Add(recipe.Name);
                steps += 4;
                using var weights = problem.Weights();
                using var finite = weights.isfinite();
                using var all = finite.all();
                Assert.True(all.Read<bool>(), recipe.Name);
            }
        }
        Campaign.Record("steps of recipes beside a collecting thread", steps, "no fault");
        Assert.True(driven.Count >= 45, $"only {driven.Count} of {Recipes.Length} recipes: {string.Join(", ", driven)}");
    }

    /// <summary>The script that rounds takes whole numbers, for which TorchSharp would make Scalars too.</summary>
    [Fact]
    public void Weights_are_rounded_at_random_beside_a_collecting_thread()
    {
        using var collecting = new CollectingThread();
        using var target = zeros(16, dtype: ScalarType.Float16);
        using var source = ones(16);
        for (var i = 0UL; i < 20_000; i++) RoundingOperators.Round(target, source, key: (i << 32) + i);
        using var isOne = target.eq(source);
        using var all = isOne.all();
        Assert.True(all.Read<bool>());
    }

    /// <summary>Recipes that want another base optimizer say so.</summary>
    private static SharpnessAwareOptimizer? Wrap(optim.Optimizer optimizer, SharpnessAwareOptions options)
    {
        try
        {
            return new SharpnessAwareOptimizer(optimizer, options);
        }
        catch (ArgumentException)
        {
            optimizer.Dispose();
            return null;
        }
    }

    private static SharpnessAwareOptions? Options(MethodInfo recipe, Problem problem)
    {
        var arguments = recipe.GetParameters()
            .Select(parameter => parameter.HasDefaultValue ? parameter.DefaultValue : Argument(parameter.ParameterType, problem)).ToArray();
        return arguments.Contains(null) && recipe.GetParameters().Zip(arguments).Any(pair => pair.Second is null && !pair.First.HasDefaultValue)
            ? null
            : (SharpnessAwareOptions)recipe.Invoke(null, arguments)! with { Module = problem.Model };
    }

    private static object? Argument(Type type, Problem problem) =>
        type == typeof(int) ? 2
        : type == typeof(long) ? 40L
        : type == typeof(double) ? 0.9
        : type == typeof(nn.Module) ? problem.Model
        : type == typeof(Func<Tensor>) ? () => problem.Loss(problem.X, problem.Y)
        : null;
}
