using System.Security.Cryptography;
using SamSharp.Optimizers;
using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.Reliability;

/// <summary>
/// Optimizers with passes of their own, and loops that make several steps of the base optimizer: one that throws at any of its calls leaves
/// everything as it found it, and training goes on bit for bit like training that never threw.
/// </summary>
[TensorScope]
[Trait("Category", "Reliability")]
[Collection(GlobalRandomNumbers.Name)]
public class SeriesOfStepsTests
{
    private static readonly Dictionary<string, Func<Problem, Subject>> Subjects = new()
    {
        ["bSAM"] = problem => new(new BSam(problem.Parameters, 64, 0.1) { Module = problem.Model },
            (o, p, t, call) => ((BSam)o).Step(() => Backward(p, t, call)).Dispose()),
        ["bSAM in parts"] = problem => new(new BSam(problem.Parameters, 64, 0.1) { Module = problem.Model },
            (o, p, t, call) => ((BSam)o).Step([new(() => Backward(p, t, call)), new(() => Backward(p, t + 1, call), 2)]).Dispose()),
        ["SASSHA"] = problem => new(new Sassha(problem.Parameters, 0.05, lazy: 2) { Module = problem.Model },
            (o, p, t, call) => ((Sassha)o).Step(() => Loss(p, t, call)).Dispose()),
        ["SASSHA without radius"] = problem => new(new Sassha(problem.Parameters, 0.05, rho: 0, lazy: 2) { Module = problem.Model },
            (o, p, t, call) => ((Sassha)o).Step(() => Loss(p, t, call)).Dispose()),
        ["Lookbehind on SGD"] = problem => Lookbehind(problem, optim.SGD(problem.Parameters, 0.05, momentum: 0.9), Recipe.Sam()),
        ["Lookbehind on AdamW"] = problem => Lookbehind(problem, optim.AdamW(problem.Parameters, 0.01), Recipe.Asam(problem.Model)),
        ["Lookbehind on RMSProp"] = problem => Lookbehind(problem, optim.RMSProp(problem.Parameters, 0.01, momentum: 0.5), Recipe.Sam()),
        ["Lookbehind on FusedAdamW"] = problem => Lookbehind(problem, new FusedAdamW(problem.Parameters, 0.01), Recipe.Vasso()),
        ["Lookbehind on FusedSGD"] = problem =>
            Lookbehind(problem, new FusedSGD(problem.Parameters, 0.05, momentum: 0.9), Recipe.FriendlySam()),
        ["Lookbehind on Adafactor"] = problem =>
            Lookbehind(problem, new Adafactor(problem.Parameters, beta1: 0.9), Recipe.LookSam(2), alpha: null),
    };

    public static TheoryData<string> Names => new(Subjects.Keys);

    public static TheoryData<string> WithPassesOfTheirOwn => new(Subjects.Keys.Where(name => !name.StartsWith("Look", StringComparison.Ordinal)));

    /// <summary>Steps 0, 2, 3 and 4 throw at each of their calls in turn, and are then made again.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void A_step_that_throws_changes_nothing(string name)
    {
        using Problem calm = new(batchNorm: true, dropout: 0.2), hit = new(batchNorm: true, dropout: 0.2);
        using Subject expected = Subjects[name](calm), actual = Subjects[name](hit);
        manual_seed(3);
        for (var t = 0; t < 5; t++) expected.Step(calm, t, _ => { });
        var random = RandomState();
        manual_seed(3);
        var thrown = 0;
        for (var t = 0; t < 5; t++)
        {
            var before = Everything(actual, hit);
            for (var failing = t == 1 ? int.MaxValue : 1; ; failing++)
            {
                try
                {
                    actual.Step(hit, t, number => Throw(number == failing));
                    break;
                }
                catch (ThrownByTest)
                {
                    Assert.Equal(before, Everything(actual, hit));
                    thrown++;
                }
            }
        }
        Assert.True(thrown >= 4, $"only {thrown} calls threw");
        Campaign.Record($"steps of {name} that threw at one of their calls", thrown, "nothing changed");
        Close.Bits(calm.Weights(), hit.Weights());
        Assert.Equal(Saved(expected.Optimizer), Saved(actual.Optimizer));
        Close.Bits(random, RandomState());
    }

    /// <summary>Every step meets a batch that is not a number at each of its calls in turn, is skipped, and is then made on good ones.</summary>
    [Theory]
    [MemberData(nameof(WithPassesOfTheirOwn))]
    public void A_skipped_step_changes_nothing(string name)
    {
        using Problem calm = new(batchNorm: true, dropout: 0.2), hit = new(batchNorm: true, dropout: 0.2);
        using Subject expected = Subjects[name](calm), actual = Subjects[name](hit);
        manual_seed(3);
        for (var t = 0; t < 5; t++) expected.Step(calm, t, _ => { });
        manual_seed(3);
        for (var t = 0; t < 5; t++)
        {
            var calls = int.MaxValue;
            for (var broken = 1; broken <= calls; broken++)
            {
                var (before, random) = (Everything(actual, hit), RandomState());
                using var good = hit.X.clone();
                calls = 0;
                actual.Step(hit, t, number =>
                {
                    calls = number;
                    hit.X.copy_(good);
                    if (number == broken) hit.X.Fill(double.NaN);
                });
                hit.X.copy_(good);
                Assert.True(Skipped(actual.Optimizer), $"call {broken} is not noticed");
                SetRandomState(random);
                Assert.Equal(before, Everything(actual, hit));
            }
            actual.Step(hit, t, _ => { });
            Assert.False(Skipped(actual.Optimizer));
        }
        Close.Bits(calm.Weights(), hit.Weights());
        Assert.Equal(Saved(expected.Optimizer), Saved(actual.Optimizer));
    }

    /// <summary>The base optimizer itself throws in its third step, the last of the Lookbehind's first.</summary>
    [Fact]
    public void A_base_optimizer_that_throws_in_the_last_inner_step_changes_nothing()
    {
        using Problem calm = new(), hit = new();
        using var failing = new FailingSgd(hit.Parameters, 0.05, 0.9) { FailsIn = 3 };
        using var calmly = new FailingSgd(calm.Parameters, 0.05, 0.9);
        using Subject expected = Lookbehind(calm, calmly, Recipe.Vasso()), actual = Lookbehind(hit, failing, Recipe.Vasso());
        var before = Everything(actual, hit);
        Assert.Throws<ThrownByTest>(() => actual.Step(hit, 0, _ => { }));
        Assert.Equal(before, Everything(actual, hit));
        for (var t = 0; t < 3; t++)
        {
            expected.Step(calm, t, _ => { });
            actual.Step(hit, t, _ => { });
        }
        Close.Bits(calm.Weights(), hit.Weights());
        Assert.Equal(Saved(expected.Optimizer), Saved(actual.Optimizer));
    }

    /// <summary>An inner step that is skipped leaves the point from which the next one climbs.</summary>
    [Fact]
    public void An_inner_step_of_Lookbehind_that_is_skipped_leaves_the_others()
    {
        using var problem = new Problem();
        using var optimizer = new FusedSGD(problem.Parameters, 0.05, momentum: 0.9).WithSharpnessAwareness();
        using var lookbehind = new Lookbehind(optimizer, 3);
        var before = problem.Weights();
        var calls = 0;
        lookbehind.Step(() => ++calls == 3 ? problem.Backward(problem.X.Times(double.NaN), problem.Y) : problem.Backward()).Dispose();
        Assert.Equal((6, 1, 3), (calls, optimizer.LastStep.SkippedSteps, optimizer.LastStep.Step));
        Assert.True(problem.Weights().isfinite().all().Read<bool>());
        Assert.False(before.allclose(problem.Weights()));

        before = problem.Weights();
        lookbehind.Step(() => problem.Backward(problem.X.Times(double.NaN), problem.Y)).Dispose();
        Close.Bits(before, problem.Weights());
        Assert.Equal(4, optimizer.LastStep.SkippedSteps);
    }

    private static Subject Lookbehind(Problem problem, optim.Optimizer baseOptimizer, SharpnessAwareOptions recipe, double? alpha = 0.5)
    {
        var optimizer = baseOptimizer.WithSharpnessAwareness(recipe with { Module = problem.Model });
        var lookbehind = new Lookbehind(optimizer, 3, alpha);
        return new(optimizer, (_, p, t, call) => lookbehind.Step(() => Backward(p, t, call)).Dispose(), lookbehind);
    }

    private static Tensor Backward(Problem problem, int t, Action call)
    {
        call();
        return problem.Backward(t);
    }

    private static Tensor Loss(Problem problem, int t, Action call)
    {
        call();
        using var scope = NewDisposeScope();
        return problem.Loss(Problem.Batch(problem.X, t), Problem.Batch(problem.Y, t)).MoveToOuterDisposeScope();
    }

    private static void Throw(bool now)
    {
        if (now) throw new ThrownByTest();
    }

    private static bool Skipped(OptimizerHelper optimizer) => optimizer is BSam bSam ? bSam.SkippedLastStep : ((Sassha)optimizer).SkippedLastStep;

    /// <summary>Weights, state, running statistics and random numbers as one text.</summary>
    private static string Everything(Subject subject, Problem problem)
    {
        using var scope = NewDisposeScope();
        return string.Join(' ', problem.Model.buffers().Prepend(problem.Weights()).Append(RandomState()).Select(tensor => tensor.bytes.ToArray())
            .Append(Saved(subject.Optimizer)).Select(bytes => Convert.ToHexString(SHA256.HashData(bytes))));
    }

    private static byte[] Saved(OptimizerHelper optimizer)
    {
        using var stream = new MemoryStream();
        optimizer.save_state_dict(new BinaryWriter(stream));
        return stream.ToArray();
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

    /// <summary>An optimizer, and how it makes step t. The action is called before each pass, with the number of the pass in the step.</summary>
    private sealed class Subject(OptimizerHelper optimizer, Action<OptimizerHelper, Problem, int, Action> step, IDisposable? loop = null)
        : IDisposable
    {
        public OptimizerHelper Optimizer => optimizer;

        public void Step(Problem problem, int t, Action<int> call)
        {
            var calls = 0;
            step(optimizer, problem, t, () => call(++calls));
        }

        public void Dispose()
        {
            loop?.Dispose();
            optimizer.Dispose();
        }
    }
}
