using SamSharp.Optimizers;
using SamSharp.Tests.Support;

namespace SamSharp.Tests.Reliability;

/// <summary>A step that throws, or is skipped, leaves everything as it found it: training goes on bit for bit like one that never threw.</summary>
[TensorScope]
[Trait("Category", "Reliability")]
[Collection(GlobalRandomNumbers.Name)]
public class AllOrNothingTests
{
    private static readonly Dictionary<string, Func<Problem, optim.Optimizer>> Bases = new()
    {
        ["SGD"] = problem => optim.SGD(problem.Parameters, 0.05, momentum: 0.9),
        ["AdamW"] = problem => optim.AdamW(problem.Parameters, 0.01),
        ["FusedAdamW"] = problem => new FusedAdamW(problem.Parameters, 0.01),
        ["FusedSGD"] = problem => new FusedSGD(problem.Parameters, 0.05, momentum: 0.9),
        ["Adafactor"] = problem => new Adafactor(problem.Parameters, 0.01, beta1: 0.9),
    };

    public static TheoryData<string, string> Cases()
    {
        var cases = new TheoryData<string, string>();
        foreach (var recipe in AllRecipes.Names)
        {
            foreach (var name in Bases.Keys) cases.Add(recipe, name);
        }
        return cases;
    }

    /// <summary>Steps 2, 3 and 4 throw in each of their passes in turn, and are then made again.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void A_step_that_throws_changes_nothing(string recipe, string baseName) => Compare(recipe, baseName, (optimizer, problem, t) =>
    {
        var passes = 0;
        for (var failing = 1; ; failing++)
        {
            var calls = 0;
            try
            {
                optimizer.Step(() => ++calls == failing ? throw new PassFailedException() : problem.Backward(t)).Dispose();
                Assert.True(failing > 1, "no pass was made");
                Campaign.Record($"steps on {baseName} that threw in one of their passes", failing - 1, "nothing changed");
                return;
            }
            catch (PassFailedException)
            {
                Assert.Equal(failing, ++passes);
                Assert.False(optimizer.IsPerturbed);
            }
        }
    });

    /// <summary>Steps 2, 3 and 4 meet a batch that is not a number in each of their passes in turn, are skipped, and are then made on good
    /// ones.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void A_skipped_step_changes_nothing_but_the_counters(string recipe, string baseName) =>
        Compare(recipe, baseName, (optimizer, problem, t) =>
    {
        using var loss = problem.Backward(t);
        var (weights, state) = (problem.Weights(), MemoryOf(optimizer));
        var statistics = problem.Model.Norm.running_mean!.clone();
        for (var failing = 1; failing <= 2; failing++)
        {
            var calls = 0;
            var random = RandomState();
            optimizer.Step(() => ++calls == failing ? Broken(problem, t) : problem.Backward(t)).Dispose();
            SetRandomState(random);
            if (calls < failing) continue;
            Assert.True(optimizer.LastStep.Skipped, $"pass {failing} is not noticed");
            Close.Bits(weights, problem.Weights());
            Assert.Equal(state, MemoryOf(optimizer));
            Close.Bits(statistics, problem.Model.Norm.running_mean!);
            Campaign.Record($"steps on {baseName} that met a number that is not finite", 1, "skipped, nothing changed");
        }
    }, stepsBetween: false);

    /// <summary>The other kinds of step throw in each of their passes in turn, too.</summary>
    public static TheoryData<string> OtherSteps() => new(Others.Keys);

    private static readonly Dictionary<string,
        (SharpnessAwareOptions Recipe, Action<SharpnessAwareOptimizer, Problem, int, Func<int, Tensor>> Step)> Others = new()
        {
            ["m-SAM"] = (new SharpnessAwareOptions { Geometry = new AdaptiveGeometry() },
            (o, _, t, pass) => o.Step([new(() => pass(t)), new(() => pass(t + 1), 2), new(() => pass(t + 2))]).Dispose()),
            ["stages"] = (Recipe.Sam(), (o, _, t, pass) => o.Step(() => pass(t), [new(() => pass(t)), new(() => pass(t + 1), 0.5)]).Dispose()),
            ["two ascents"] = (Recipe.MultiStepSam(2), (o, _, t, pass) => o.Step(() => pass(t)).Dispose()),
            ["another ascent"] = (Recipe.Vasso(), (o, _, t, pass) => o.Step(() => pass(t), () => pass(t + 1)).Dispose()),
            ["gradient and apply"] = (Recipe.Vasso(), (o, _, t, pass) =>
            {
                o.Gradient(() => pass(t)).Dispose();
                o.Apply();
            }
            ),
            ["OT-MDR"] = (Recipe.Sam(), (o, _, t, pass) => o.ChainedStep(() => pass(t), () => pass(t + 1), () => pass(t + 2)).Dispose()),
            ["ImbSAM"] = (Recipe.Sam(), (o, _, t, pass) => o.ImbalancedStep(() => pass(t), () => pass(t + 1)).Dispose()),
            ["ESAM"] = (Recipe.Sam(), (o, p, t, pass) => new EfficientSam(o, seed: 5).Step(rows =>
            {
                pass(-1).Dispose();
                using var scope = NewDisposeScope();
                var (x, y) = (Problem.Batch(p.X, t), Problem.Batch(p.Y, t));
                if (rows is not null) (x, y) = (x.index_select(0, rows), y.index_select(0, rows));
                return nn.functional.cross_entropy(p.Model.forward(x), y, reduction: nn.Reduction.None).MoveToOuterDisposeScope();
            }).Dispose()),
            ["K-SAM"] = (Recipe.Sam(), (o, p, t, pass) => o.Step(rows =>
            {
                pass(-1).Dispose();
                using var scope = NewDisposeScope();
                var (x, y) = (Problem.Batch(p.X, t), Problem.Batch(p.Y, t));
                if (rows is not null) (x, y) = (x.index_select(0, rows), y.index_select(0, rows));
                return nn.functional.cross_entropy(p.Model.forward(x), y, reduction: nn.Reduction.None).MoveToOuterDisposeScope();
            }, new LargestLoss(4)).Dispose()),
            ["Functional-SAM"] = (Recipe.Sam(), (o, p, t, pass) => o.FunctionalStep(() =>
            {
                pass(-1).Dispose();
                return p.Model.forward(Problem.Batch(p.X, t));
            }, logits => nn.functional.cross_entropy(logits, Problem.Batch(p.Y, t))).Dispose()),
        };

    [Theory]
    [MemberData(nameof(OtherSteps))]
    public void Other_steps_that_throw_change_nothing(string kind)
    {
        var (recipe, step) = Others[kind];
        using Problem calm = new(batchNorm: true, dropout: 0.2), hit = new(batchNorm: true, dropout: 0.2);
        using var expected = new SharpnessAwareOptimizer(optim.SGD(calm.Parameters, 0.05, momentum: 0.9), recipe with { Module = calm.Model });
        using var actual = new SharpnessAwareOptimizer(optim.SGD(hit.Parameters, 0.05, momentum: 0.9), recipe with { Module = hit.Model });
        Tensor Pass(Problem problem, int t) => t < 0 ? zeros(1) : problem.Backward(t);
        manual_seed(3);
        for (var t = 0; t < 5; t++) step(expected, calm, t, batch => Pass(calm, batch));
        manual_seed(3);
        var thrown = 0;
        for (var t = 0; t < 5; t++)
        {
            var failing = t is > 0 and < 4 ? 1 : int.MaxValue;
            while (true)
            {
                var calls = 0;
                try
                {
                    step(actual, hit, t, batch => ++calls == failing ? throw new PassFailedException() : Pass(hit, batch));
                    break;
                }
                catch (PassFailedException)
                {
                    (failing, thrown) = (failing + 1, thrown + 1);
                }
            }
        }
        Assert.True(thrown >= 6, $"only {thrown} passes threw");
        Campaign.Record("steps of other forms that threw in one of their passes", thrown, "nothing changed");
        Close.Bits(calm.Weights(), hit.Weights());
        Assert.Equal(MemoryOf(expected), MemoryOf(actual));
        Assert.Equal((5, 5), (expected.LastStep.Step, actual.LastStep.Step));
        Close.Bits(calm.Model.Norm.running_var!, hit.Model.Norm.running_var!);
    }

    private static void Compare(string recipe, string baseName, Action<SharpnessAwareOptimizer, Problem, int> step, bool stepsBetween = true)
    {
        using Problem calm = new(batchNorm: true, dropout: 0.2), hit = new(batchNorm: true, dropout: 0.2);
        using var expected = AllRecipes.Wrap(recipe, calm, Bases[baseName](calm));
        if (expected is null) return; // the recipe needs another base, and says so
        using var actual = AllRecipes.Wrap(recipe, hit, Bases[baseName](hit))!;
        manual_seed(3);
        for (var t = 0; t < 6; t++) expected.Step(() => calm.Backward(t)).Dispose();
        var random = RandomState();
        manual_seed(3);
        for (var t = 0; t < 6; t++)
        {
            var isHit = t is > 0 and < 4;
            if (isHit) step(actual, hit, t);
            if (!isHit || !stepsBetween)
            {
                if (!stepsBetween && isHit) continue;
                actual.Step(() => hit.Backward(t)).Dispose();
            }
        }
        if (!stepsBetween) return;
        Close.Bits(calm.Weights(), hit.Weights());
        Assert.Equal(MemoryOf(expected), MemoryOf(actual));
        Close.Bits(random, RandomState());
        Close.Bits(calm.Model.Norm.running_var!, hit.Model.Norm.running_var!);
    }

    private static Tensor RandomState()
    {
        using var generator = Generator.Default;
        return generator.get_state();
    }

    private static void SetRandomState(Tensor state)
    {
        using var generator = Generator.Default;
        generator.set_state(state);
    }

    private static Tensor Broken(Problem problem, int t)
    {
        using var scope = NewDisposeScope();
        var loss = problem.Loss(Problem.Batch(problem.X, t).Times(double.NaN), Problem.Batch(problem.Y, t));
        loss.backward();
        return loss.MoveToOuterDisposeScope();
    }

    /// <summary>Everything that a checkpoint holds, base state and recipe memory, but for the counters at the wrapper's end.</summary>
    private static string MemoryOf(SharpnessAwareOptimizer optimizer) => string.Join('|', optimizer.Memory.All.SelectMany(part =>
        part.Memory.Numbers.Select(number => $"{number.Key}={number.Value:R}")
            .Concat(part.Memory.Tensors.SelectMany(named => named.Tensors.Select(entry =>
            $"{named.Name}[{entry.Index}]={Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(entry.Tensor.bytes))}")))));

    private sealed class PassFailedException : Exception;
}
