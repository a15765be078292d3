using SamSharp.Optimizers;
using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.MixedPrecision;

/// <summary>Losses that are scaled so that gradients do not vanish in float16.</summary>
[TensorScope]
[Collection(GlobalRandomNumbers.Name)]
public class LossScalerTests
{
    public static TheoryData<string, string> Recipes() => SgdBases.Beside(AllRecipes.Names);

    /// <summary>A scale that is a power of 2 changes no bit of any recipe's steps, losses and norms.</summary>
    [Theory]
    [MemberData(nameof(Recipes))]
    public void Scaled_trajectories_are_the_unscaled_ones(string recipe, string bases)
    {
        using Problem plain = new(hidden: Problem.Large), scaled = new(hidden: Problem.Large);
        using var expected = Wrap(recipe, plain, bases, null);
        using var actual = Wrap(recipe, scaled, bases, new LossScaler(InitialScale: 1024, GrowthInterval: 2));
        if (expected is null) return;
        for (var t = 0; t < 6; t++)
        {
            manual_seed(t);
            using var loss = expected.Step(() => Backward(expected, plain, t));
            manual_seed(t);
            using var same = actual!.Step(() => Backward(actual, scaled, t));
            Close.Bits(loss, same);
            Assert.Equal(expected.LastStep.ToString(), actual.LastStep.ToString());
            Close.Bits(plain.Weights(), scaled.Weights());
        }
        Assert.Equal((1, 8192), (expected.LossScale, actual!.LossScale));
    }

    /// <summary>An overflow in any pass skips the step whole, halves the scale, and leaves the recipe's memory alone.</summary>
    [Theory]
    [MemberData(nameof(Recipes))]
    public void An_overflow_in_any_pass_skips_the_step_and_halves_the_scale(string recipe, string bases)
    {
        using Problem problem = new(), calm = new();
        using var optimizer = Wrap(recipe, problem, bases, new LossScaler(InitialScale: 1024));
        using var expected = Wrap(recipe, calm, bases, null);
        if (optimizer is null) return;
        var (scale, skipped) = (1024.0, 0);
        for (var t = 0; t < 4; t++)
        {
            for (var failing = 1; ; failing++)
            {
                var (calls, before) = (0, problem.Weights());
                using var generator = Generator.Default;
                var random = generator.get_state();
                optimizer.Step(() => Backward(optimizer, problem, t, overflows: ++calls == failing)).Dispose();
                if (calls < failing) break;
                generator.set_state(random);
                Assert.True(optimizer.LastStep.Skipped, $"the overflow in pass {failing} of step {t} is not noticed");
                Close.Bits(before, problem.Weights());
                Assert.Equal(scale *= 0.5, optimizer.LossScale);
                skipped++;
            }
            Assert.False(optimizer.LastStep.Skipped);
        }
        Assert.True(skipped >= 4);
        Assert.Equal(skipped, optimizer.LastStep.SkippedSteps);
    }

    [Fact]
    public void The_other_kinds_of_step_agree_too()
    {
        foreach (var (name, step) in OtherSteps)
        {
            using Problem plain = new(), scaled = new();
            using var expected = optim.AdamW(plain.Parameters, 0.01).WithSharpnessAwareness(0.3);
            using var actual = optim.AdamW(scaled.Parameters, 0.01).WithSharpnessAwareness(Recipe.Sam(0.3) with { LossScaler = new(256) });
            for (var t = 0; t < 3; t++)
            {
                step(expected, plain, t);
                step(actual, scaled, t);
                Assert.False(actual.LastStep.Skipped);
                Assert.True(plain.Weights().equal(scaled.Weights()).all().item<bool>(), $"{name} differs in step {t}");
                Assert.Equal(expected.LastStep.ToString(), actual.LastStep.ToString());
            }
        }
    }

    private static readonly Dictionary<string, Action<SharpnessAwareOptimizer, Problem, int>> OtherSteps = new()
    {
        ["Ascend and Descend, accumulated"] = (optimizer, problem, t) =>
        {
            optimizer.zero_grad();
            for (var part = 0; part < 2; part++) Backward(optimizer, problem, t + part).Dispose();
            optimizer.Ascend();
            for (var part = 0; part < 2; part++) Backward(optimizer, problem, t + part).Dispose();
            optimizer.Descend();
        },
        ["Gradient, clipped, and Apply"] = (optimizer, problem, t) =>
        {
            optimizer.Gradient(() => Backward(optimizer, problem, t)).Dispose();
            nn.utils.clip_grad_norm_(problem.Parameters, max_norm: 0.05);
            optimizer.Apply();
        },
        ["m-SAM"] = (optimizer, problem, t) => optimizer.Step(
            [new(() => Backward(optimizer, problem, t)), new(() => Backward(optimizer, problem, t + 1), Weight: 3)]).Dispose(),
        ["stages"] = (optimizer, problem, t) => optimizer.Step(() => Backward(optimizer, problem, t),
            [new(() => Backward(optimizer, problem, t)), new(() => Backward(optimizer, problem, t + 1), 0.5)]).Dispose(),
        ["ImbSAM"] = (optimizer, problem, t) =>
            optimizer.ImbalancedStep(() => Backward(optimizer, problem, t), () => Backward(optimizer, problem, t + 1)).Dispose(),
        ["Functional-SAM"] = (optimizer, problem, t) => optimizer.FunctionalStep(() => problem.Model.forward(Problem.Batch(problem.X, t)),
            logits => nn.functional.cross_entropy(logits, Problem.Batch(problem.Y, t))).Dispose(),
        ["K-SAM"] = (optimizer, problem, t) => optimizer.Step(rows => Losses(problem, t, rows), new LargestLoss(3)).Dispose(),
        ["ESAM"] = (optimizer, problem, t) => new EfficientSam(optimizer).Step(rows => Losses(problem, t, rows)).Dispose(),
        ["Lookbehind"] = (optimizer, problem, t) =>
        {
            using var lookbehind = new Lookbehind(optimizer, steps: 2);
            lookbehind.Step(() => Backward(optimizer, problem, t)).Dispose();
        },
        ["backward without a scale"] = (optimizer, problem, t) => optimizer.Step(() => problem.Backward(t)).Dispose(),
    };

    /// <summary>Gradients that vanish in float16: without a scale the weights stand still, with one they follow float32.</summary>
    [Theory]
    [InlineData("TorchSharp")]
    [InlineData("fused")]
    public void In_float16_gradients_vanish_without_a_scale(string bases)
    {
        Tensor Train(bool casts, LossScaler? scaler)
        {
            using var problem = new Problem(float32, hidden: 32);
            using var optimizer = SgdBases.All[bases](problem.Parameters, 1e6, 0)
                .WithSharpnessAwareness(Recipe.Sam(0.1) with { LossScaler = scaler });
            for (var t = 0; t < 20; t++)
            {
                optimizer.Step(() =>
                {
                    using var scope = NewDisposeScope();
                    using var cast = casts ? Autocast.Float16(CPU) : null;
                    var loss = problem.Loss(Problem.Batch(problem.X, t), Problem.Batch(problem.Y, t)).Times(1e-7);
                    optimizer.Backward(loss);
                    return loss.MoveToOuterDisposeScope();
                }).Dispose();
            }
            if (scaler is not null) Assert.True(optimizer.LastStep.SkippedSteps < 5);
            return problem.Weights();
        }

        using var initial = new Problem(float32, hidden: 32);
        var (start, wide) = (initial.Weights(), Train(casts: false, null));
        var moved = wide.sub(start).norm();
        Assert.True(moved.item<float>() > 1, $"the weights move by {moved.item<float>()} only");
        Close.Bits(start, Train(casts: true, null));
        var apart = Train(casts: true, new LossScaler(InitialScale: 1 << 22)).sub(wide).norm().div(moved).item<float>();
        Assert.True(apart < 0.02, $"float16 with a scale ends {apart} of the way from float32");
    }

    [Fact]
    public void The_scale_grows_after_an_interval_without_overflow_and_starts_to_count_again()
    {
        using var problem = new Problem();
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(
            Recipe.Sam() with { LossScaler = new(InitialScale: 8, GrowthFactor: 3, BackoffFactor: 0.25, GrowthInterval: 2) });
        var scales = new List<double>();
        foreach (var overflows in new[] { false, false, false, true, false, false })
        {
            optimizer.Step(() => Backward(optimizer, problem, 0, overflows)).Dispose();
            scales.Add(optimizer.LossScale);
        }
        Assert.Equal([8, 24, 24, 6, 6, 18], scales);
    }

    [Fact]
    public void The_scale_is_saved_and_goes_on()
    {
        var path = Path.GetTempFileName();
        var settings = Recipe.Vasso() with { LossScaler = new LossScaler(InitialScale: 64, GrowthInterval: 3) };
        double[] Run(bool interrupted)
        {
            using var problem = new Problem();
            var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(settings);
            var scales = new List<double>();
            for (var t = 0; t < 7; t++)
            {
                optimizer.Step(() => Backward(optimizer, problem, t, overflows: t == 0)).Dispose();
                scales.Add(optimizer.LossScale);
                if (!interrupted || t != 2) continue;
                optimizer.save_state_dict(path);
                optimizer.Dispose();
                optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(settings);
                optimizer.load_state_dict(path);
            }
            optimizer.Dispose();
            return [.. scales];
        }

        try
        {
            Assert.Equal([32, 32, 32, 64, 64, 64, 128], Run(interrupted: false));
            Assert.Equal(Run(interrupted: false), Run(interrupted: true));

            using var problem = new Problem();
            using var without = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(settings with { LossScaler = null });
            without.load_state_dict(path);
            Assert.Equal((1, 3), (without.LossScale, without.LastStep.Step));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void What_cannot_work_is_refused()
    {
        using var problem = new Problem();
        Assert.Contains("SkipNonFinite", Assert.Throws<ArgumentException>(() => optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(
            new SharpnessAwareOptions { LossScaler = new(), SkipNonFinite = false })).Message, StringComparison.Ordinal);
        using var half = new Problem(float16);
        Assert.Contains("would vanish again", Assert.Throws<ArgumentException>(() => optim.SGD(half.Parameters, 0.1).WithSharpnessAwareness(
            new SharpnessAwareOptions { LossScaler = new() })).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => new LossScaler(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new LossScaler(GrowthFactor: 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new LossScaler(BackoffFactor: 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new LossScaler(GrowthInterval: 0));
    }

    [Fact]
    public void A_scaled_step_leaves_no_tensor_behind()
    {
        using var problem = new Problem();
        using var optimizer = new FusedSGD(problem.Parameters, 0.1).WithSharpnessAwareness(Recipe.Sam() with { LossScaler = new() });
        long After(int steps)
        {
            using (NewDisposeScope())
            {
                for (var t = 0; t < steps; t++) optimizer.Step(() => Backward(optimizer, problem, t)).Dispose();
            }
            return DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        }
        Assert.Equal(After(2), After(5));
    }

    private static SharpnessAwareOptimizer? Wrap(string recipe, Problem problem, string bases, LossScaler? scaler)
    {
        var baseOptimizer = SgdBases.All[bases](problem.Parameters, 0.05, 0.9);
        try
        {
            return new SharpnessAwareOptimizer(baseOptimizer, AllRecipes.Named(recipe, problem) with { LossScaler = scaler });
        }
        catch (ArgumentException)
        {
            baseOptimizer.Dispose();
            return null;
        }
    }

    private static Tensor Losses(Problem problem, int t, Tensor? rows)
    {
        using var scope = NewDisposeScope();
        var (x, y) = (Problem.Batch(problem.X, t), Problem.Batch(problem.Y, t));
        if (rows is not null) (x, y) = (x.index_select(0, rows), y.index_select(0, rows));
        return nn.functional.cross_entropy(problem.Model.forward(x), y, reduction: nn.Reduction.None).MoveToOuterDisposeScope();
    }

    private static Tensor Backward(SharpnessAwareOptimizer optimizer, Problem problem, int t, bool overflows = false)
    {
        var loss = problem.Loss(Problem.Batch(problem.X, t), Problem.Batch(problem.Y, t));
        optimizer.Backward(loss);
        if (!overflows) return loss;
        using var noGradient = no_grad();
        foreach (Parameter parameter in problem.Parameters) parameter.grad![0] = tensor(double.PositiveInfinity, dtype: parameter.dtype);
        return loss;
    }
}
