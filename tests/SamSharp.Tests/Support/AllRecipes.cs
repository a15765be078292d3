using System.Reflection;

namespace SamSharp.Tests.Support;

/// <summary>Every published algorithm of <see cref="Recipe"/>, with small intervals, for a problem.</summary>
internal static class AllRecipes
{
    private static readonly Dictionary<string, MethodInfo> ByName = Recipe.All.ToDictionary(recipe => recipe.Method.Name, recipe => recipe.Method);

    /// <summary>The names, in order. Recipes whose arguments are functions of tensors are left out.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. ByName.Where(recipe => recipe.Value.GetParameters().All(parameter => parameter.HasDefaultValue || IsKnown(parameter.ParameterType)))
            .Select(recipe => recipe.Key).Order()];

    public static SharpnessAwareOptions Named(string name, Problem problem) => (SharpnessAwareOptions)ByName[name]
        .Invoke(null, [.. ByName[name].GetParameters().Select(parameter => ArgumentFor(parameter, problem))])! with
    { Module = problem.Model };

    /// <summary>The recipe around a base optimizer, or null where it says that it needs another base.</summary>
    public static SharpnessAwareOptimizer? Wrap(string name, Problem problem, optim.Optimizer baseOptimizer)
    {
        try
        {
            return new SharpnessAwareOptimizer(baseOptimizer, Named(name, problem));
        }
        catch (ArgumentException)
        {
            baseOptimizer.Dispose();
            return null;
        }
    }

    private static bool IsKnown(Type type) =>
        type == typeof(int) || type == typeof(long) || type == typeof(double) || type == typeof(nn.Module) || type == typeof(Func<Tensor>);

    private static object? ArgumentFor(ParameterInfo parameter, Problem problem) =>
        parameter.Name is "k" or "interval" or "stepsPerEpoch" or "refreshEvery" ? 2
        : parameter.HasDefaultValue ? parameter.DefaultValue
        : parameter.ParameterType == typeof(int) ? 2
        : parameter.ParameterType == typeof(long) ? 40L
        : parameter.ParameterType == typeof(double) ? 0.9
        : parameter.ParameterType == typeof(nn.Module) ? problem.Model
        : () => problem.Loss(problem.X, problem.Y);
}
