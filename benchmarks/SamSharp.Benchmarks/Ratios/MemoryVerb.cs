using System.Globalization;
using System.Reflection;
using SamSharp.Optimizers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Benchmarks.Ratios;

/// <summary>What each recipe takes in memory beyond its base optimizer, in copies of the parameters: the column of ALGORITHMS.md.</summary>
internal static class MemoryVerb
{
    // Tensors so large that malloc gives them back to the system when they are freed; temporaries of one tensor count an eighth.
    private const int Tensors = 8, Rows = 2048, Columns = 4200, WarmUps = 6, Steps = 5;

    // Recipes that need more than their defaults.
    private static readonly Dictionary<string, Func<SharpnessAwareOptions>> Others = new()
    {
        [nameof(Recipe.MultiStepSam)] = () => Recipe.MultiStepSam(2),
        [nameof(Recipe.IntervalSam)] = () => Recipe.IntervalSam(2),
        [nameof(LayerScaledGeometry)] = () => new() { Geometry = new LayerScaledGeometry() },
        [nameof(Recipe.FisherMaskSam) + ", a mask in every second step"] = () => Recipe.FisherMaskSam(interval: 2),
        [nameof(Recipe.DynamicSparseSam)] = () => Recipe.DynamicSparseSam(100, 100),
        [nameof(Recipe.GraphSam)] = () => Recipe.GraphSam(100, 10),
        [nameof(Recipe.GraphSam) + ", g in every third step"] = () => Recipe.GraphSam(3, 10),
        [nameof(Recipe.AdaptivePolicySam)] = () => Recipe.AdaptivePolicySam(100),
        [nameof(Recipe.AdaptivePolicyLookSam)] = () => Recipe.AdaptivePolicyLookSam(100),
        [nameof(Recipe.WeightedRandomStepsSam)] = () => Recipe.WeightedRandomStepsSam(0.5),
        [nameof(Recipe.TraceSam) + ", three points"] = () => Recipe.TraceSam(draws: 3),
        [nameof(Recipe.Roast)] = () => Recipe.Roast(WarmUps),
        [nameof(Recipe.Roast) + ", a gate in every second step"] = () => Recipe.Roast(2),
    };

    /// <returns>0; null if there are several arguments: it takes at most one, what the names of the recipes are to begin with.</returns>
    public static int? Run(string[] arguments)
    {
        if (arguments.Length > 1) return null;
        var prefix = arguments.FirstOrDefault() ?? "";
        Peak(Base, PlainStep); // whatever a process needs once
        var plain = Peak(Base, PlainStep);
        foreach (var (name, recipe) in Recipes().Concat(Others)) Report(name, recipe, (optimizer, closure) => optimizer.Step(closure));
        Report("m-SAM, two parts", () => Recipe.Sam(), TwoParts);
        Report(nameof(Recipe.LpfSgd) + ", two parts", () => Recipe.LpfSgd(), TwoParts);
        Report("FS-MTL, two tasks", () => Recipe.Sam(), (optimizer, closure) => optimizer.TaskStep([closure, closure], GradientAggregator.PcGrad));
        Report("FS-MTL, two tasks together", () => Recipe.Sam(), (optimizer, closure) =>
            optimizer.TaskStep([closure, closure], GradientAggregator.PcGrad, together: true));
        Report("OT-MDR, merged", () => Recipe.Sam(), (optimizer, closure) => optimizer.ChainedStep(closure, [(closure, closure)], Merged));
        Report("OT-MDR, merged, two branches", () => Recipe.Sam(), (optimizer, closure) =>
            optimizer.ChainedStep(closure, [(closure, closure), (closure, closure)], Merged));
        return 0;

        static Tensor TwoParts(SharpnessAwareOptimizer optimizer, Func<Tensor> closure) => optimizer.Step([new(closure), new(closure)]);

        void Report(string name, Func<SharpnessAwareOptions> recipe, Func<SharpnessAwareOptimizer, Func<Tensor>, Tensor> step)
        {
            if (!name.StartsWith(prefix, StringComparison.Ordinal)) return;
            var peak = Peak(
                parameters => Base(parameters).WithSharpnessAwareness(recipe()),
                (optimizer, closure) => step(optimizer, closure).Dispose());
            var copies = (peak - plain) / (4.0 * Tensors * Rows * Columns);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-44} {copies,5:F2}"));
        }
    }

    private static IEnumerable<KeyValuePair<string, Func<SharpnessAwareOptions>>> Recipes() => typeof(Recipe)
        .GetMethods(BindingFlags.Public | BindingFlags.Static)
        .Where(method => method.GetParameters().All(parameter => parameter.IsOptional)).OrderBy(method => method.Name, StringComparer.Ordinal)
        .Select(method => KeyValuePair.Create<string, Func<SharpnessAwareOptions>>(method.Name,
            () => (SharpnessAwareOptions)method.Invoke(null, [.. method.GetParameters().Select(parameter => parameter.DefaultValue)])!));

    private static OtMdr Merged { get; } = new() { Merging = MergedAscent.Sum };

    private static FusedSGD Base(Parameter[] parameters) => new(parameters, lr: 1e-6, momentum: 0.9);

    private static void PlainStep(optim.Optimizer optimizer, Func<Tensor> closure)
    {
        closure().Dispose();
        optimizer.step()?.Dispose();
    }

    /// <summary>The most that is in memory during steps of an optimizer that has made its buffers.</summary>
    private static long Peak<T>(Func<Parameter[], T> make, Action<T, Func<Tensor>> step) where T : optim.Optimizer
    {
        using var scope = NewDisposeScope();
        var parameters = Enumerable.Range(0, Tensors).Select(_ => new Parameter(randn(Rows, Columns))).ToArray();
        var gradient = randn(Rows, Columns);
        using var optimizer = make(parameters);
        for (var i = 0; i < WarmUps; i++) step(optimizer, Closure);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        ProcessMemory.ResetPeak();
        for (var i = 0; i < Steps; i++) step(optimizer, Closure);
        return ProcessMemory.Peak;

        Tensor Closure()
        {
            using var noGradient = no_grad();
            foreach (var parameter in parameters)
            {
                using var old = parameter.grad;
                using var made = old is null ? gradient.clone() : old.copy_(gradient).alias();
                if (old is null) parameter.grad = made;
            }
            return zeros([]);
        }
    }
}
