using System.Diagnostics;
using SamSharp.Analysis;
using SamSharp.Optimizers;
using SamSharp.Tests.Support;

namespace SamSharp.Tests.Reliability;

/// <summary>What is not a recipe, beside a thread that collects garbage: steps of other forms, optimizers, checkpoints, measures.</summary>
[Trait("Category", "Reliability")]
[Collection(GlobalRandomNumbers.Name)]
public class OtherStepsTests
{
    private static readonly Dictionary<string, Action<Problem>> Runs = new()
    {
        ["two phases"] = problem => Wrapped(problem, optimizer =>
        {
            optimizer.zero_grad();
            problem.Backward().Dispose();
            optimizer.Ascend();
            problem.Backward().Dispose();
            optimizer.Descend();
        }),
        ["gradient and apply"] = problem => Wrapped(problem, optimizer =>
        {
            optimizer.Gradient(() => problem.Backward()).Dispose();
            optimizer.Apply();
        }),
        ["parts"] = problem => Wrapped(problem, optimizer =>
            optimizer.Step([new BatchPart(() => problem.Backward(0)), new BatchPart(() => problem.Backward(1), 2)]).Dispose()),
        ["chained"] = problem => Wrapped(problem, optimizer =>
            optimizer.ChainedStep(() => problem.Backward(0), () => problem.Backward(1), () => problem.Backward(2)).Dispose()),
        ["imbalanced"] = problem => Wrapped(problem, optimizer =>
            optimizer.ImbalancedStep(() => problem.Backward(0), () => problem.Backward(1)).Dispose()),
        ["functional"] = problem => Wrapped(problem, optimizer =>
            optimizer.FunctionalStep(() => problem.Model.forward(problem.X), z => nn.functional.cross_entropy(z, problem.Y)).Dispose()),
        ["examples"] = problem => Wrapped(problem, optimizer => optimizer.Step(rows => Losses(problem, rows), new LargestLoss(20)).Dispose()),
        ["lookbehind"] = problem => Wrapped(problem, optimizer =>
        {
            using var lookbehind = new Lookbehind(optimizer, 2, alpha: null);
            lookbehind.Step(() => problem.Backward()).Dispose();
        }),
        ["checkpoint"] = problem => Wrapped(problem, optimizer =>
        {
            optimizer.Step(() => problem.Backward()).Dispose();
            using var stream = new MemoryStream();
            optimizer.save_state_dict(new BinaryWriter(stream));
            stream.Position = 0;
            optimizer.load_state_dict(new BinaryReader(stream));
        }),
        ["bSAM"] = problem =>
        {
            using var optimizer = new BSam(problem.Parameters, 64, 0.1);
            for (var step = 0; step < 3; step++) optimizer.Step(() => problem.Backward(step)).Dispose();
        },
        ["SASSHA"] = problem =>
        {
            using var optimizer = new Sassha(problem.Parameters, 0.05, lazy: 2);
            for (var step = 0; step < 3; step++) optimizer.Step(() => problem.Loss(problem.X, problem.Y)).Dispose();
        },
        ["sharpness"] = problem => SharpnessReport.Measure(problem.Model, () => problem.Loss(problem.X, problem.Y)),
        ["average"] = problem =>
        {
            using var average = WeightAverage.Exponential(problem.Model, 0.9);
            average.Update();
            using (average.SwapIn()) problem.Loss(problem.X, problem.Y).Dispose();
        },
    };

    [Fact]
    public void Other_steps_and_measures_run_beside_a_collecting_thread()
    {
        using var collecting = new CollectingThread();
        var watch = Stopwatch.StartNew();
        for (var round = 0; round == 0 || watch.Elapsed < Campaign.StressTime; round++)
        {
            foreach (var (name, run) in Runs)
            {
                using var problem = new Problem(seed: (ulong)round);
                run(problem);
                using var weights = problem.Weights();
                using var finite = weights.isfinite();
                using var all = finite.all();
                Assert.True(all.Read<bool>(), name);
                Campaign.Record("steps of other forms and measures beside a collecting thread", 1, "no fault");
            }
        }
    }

    private static void Wrapped(Problem problem, Action<SharpnessAwareOptimizer> step)
    {
        using var optimizer = new FusedSGD(problem.Parameters, 0.05, momentum: 0.9).WithSharpnessAwareness(Recipe.Sam());
        for (var t = 0; t < 3; t++) step(optimizer);
    }

    private static Tensor Losses(Problem problem, Tensor? rows)
    {
        using var scope = NewDisposeScope();
        var (x, y) = rows is null ? (problem.X, problem.Y) : (problem.X.index_select(0, rows), problem.Y.index_select(0, rows));
        return nn.functional.cross_entropy(problem.Model.forward(x), y, reduction: nn.Reduction.None).MoveToOuterDisposeScope();
    }
}
