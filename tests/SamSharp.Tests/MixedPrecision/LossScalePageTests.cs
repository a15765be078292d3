using System.Text.RegularExpressions;
using SamSharp.Optimizers;
using SamSharp.Tests.Architecture;
using SamSharp.Tests.Support;

namespace SamSharp.Tests.MixedPrecision;

/// <summary>What the page of algorithms says about each recipe and a loss scale that nobody divides out before the geometry.</summary>
[TensorScope]
[Collection(GlobalRandomNumbers.Name)]
public class LossScalePageTests
{
    public static TheoryData<string> Recipes() => [.. AllRecipes.Names];

    [Theory]
    [MemberData(nameof(Recipes))]
    public void The_page_says_whether_a_scale_cancels(string recipe)
    {
        var text = File.ReadAllText(Path.Combine(SourceTree.Top, "src/SamSharp/ALGORITHMS.md"));
        var section = text[text.IndexOf("## Loss scale", StringComparison.Ordinal)..text.IndexOf("## Left out", StringComparison.Ordinal)];
        var said = section.Split('\n').Where(line => line.StartsWith("- **", StringComparison.Ordinal) && Regex.IsMatch(line, $@"`{recipe}`"))
            .Select(line => line.Split("**")[1]).ToArray();
        Assert.Equal([What(recipe)], said);
    }

    private static string What(string recipe) =>
        Train(recipe, _ => 1) is not { } expected ? "Not through gradients alone"
        : expected.allclose(Train(recipe, t => t % 2 == 0 ? 1024 : 64)!, rtol: 1e-9) ? "Cancels"
        : expected.allclose(Train(recipe, _ => 1024)!, rtol: 1e-9) ? "Cancels while it stays the same"
        : "Does not cancel";

    /// <summary>The weights after some steps whose gradients are scaled in every pass, and divided by the scale just before the base
    /// optimizer's step.</summary>
    private static Tensor? Train(string recipe, Func<int, double> scaleOf)
    {
        using var problem = new Problem();
        using var optimizer = AllRecipes.Wrap(recipe, problem, new FusedSGD(problem.Parameters, 0.05, momentum: 0.9));
        if (optimizer is null || optimizer.Options.Combiner.ActsAfterStep) return null;
        manual_seed(1);
        for (var t = 0; t < 6; t++)
        {
            using var scope = NewDisposeScope();
            var scale = scaleOf(t);
            optimizer.Gradient(() =>
            {
                var loss = problem.Loss(Problem.Batch(problem.X, t), Problem.Batch(problem.Y, t));
                loss.Times(scale).backward();
                return loss;
            });
            foreach (var parameter in problem.Parameters) parameter.grad?.DivideBy(scale);
            optimizer.Apply();
        }
        return problem.Weights();
    }
}
