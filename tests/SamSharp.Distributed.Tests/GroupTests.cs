using SamSharp.Distributed.Tests.Support;
using SamSharp.Tests.Support;

namespace SamSharp.Distributed.Tests;

/// <summary>What members of a group have in common, on threads.</summary>
public class GroupTests
{
    [Fact]
    public void Tensors_of_all_kinds_are_averaged_with_their_weights()
    {
        var sizes = new[] { 1, 2, 3 };
        LocalGroup.Run(3, group =>
        {
            using var scope = NewDisposeScope();
            var weight = sizes[group.Rank];
            var exchange = group.Gradients(() => weight, bucketBytes: 4096);
            Tensor Mine(ScalarType type, params long[] shape) => Full(group.Rank + 1, type, shape);
            Tensor[] tensors =
            [
                Mine(ScalarType.Float32, 5), Mine(ScalarType.Float64, 700), Mine(ScalarType.BFloat16, 3, 4), Mine(ScalarType.Float16, 3000),
                Mine(ScalarType.Float32, 400, 300), Mine(ScalarType.Float32, 50, 60).t(), Mine(ScalarType.Float64, 90, 30).t(),
                Mine(ScalarType.Float32, 0),
                Mine(ScalarType.Float32, 8, 8)[TensorIndex.Slice(0, 8, 2)], Mine(ScalarType.Float32, 1),
            ];
            for (var again = 0; again < 2; again++)
            {
                var numbers = tensor(new[] { 10.0 * group.Rank, 1 });
                exchange.Average(tensors, numbers);
                foreach (var averaged in tensors.Where(averaged => averaged.NumberOfElements > 0))
                    Close.To(Full((1.0 + 4 + 9) / 6, float64, averaged.shape), averaged, Rounding[averaged.dtype]);
                Close.To([10.0 * (2 + 6) / 6, 1], numbers.ReadAll<double>(), 1e-14);
            }
        });
    }

    /// <summary>Sums of 16-bit numbers would lose the small one.</summary>
    [Fact]
    public void Gradients_of_16_bits_are_summed_in_32() => LocalGroup.Run(4, group =>
    {
        using var scope = NewDisposeScope();
        var gradient = tensor(new[] { group.Rank == 0 ? 256f : 1f }).to(ScalarType.BFloat16);
        group.Gradients().Average([gradient], zeros(0, dtype: float64));
        Assert.Equal(65, gradient.to(float32).item<float>(), 0.3f); // 64.75; in bfloat16, 256 + 1 = 256
    });

    [Fact]
    public void A_member_without_data_counts_nothing_not_even_its_NaN()
    {
        LocalGroup.Run(2, group =>
        {
            using var scope = NewDisposeScope();
            var value = group.IsFirst ? 3 : double.NaN;
            var (small, large) = (Full(value, float64, 3), Full(value, float64, 100_000));
            var numbers = tensor(new[] { value });
            group.Gradients(() => group.IsFirst ? 5 : 0).Average([small, large], numbers);
            Close.To(Full(3, float64, 3), small);
            Close.To(Full(3, float64, 100_000), large);
            Assert.Equal(3, numbers[0].ReadDouble());
        });
        Assert.Throws<InvalidOperationException>(() => LocalGroup.Run(2, group => Average(group, 3, weight: 0)));
        Assert.Throws<InvalidOperationException>(() => LocalGroup.Run(2, group => Average(group, 3, weight: group.Rank - 1)));
    }

    [Fact]
    public void Members_with_different_tensors_are_told_so()
    {
        var error = Assert.Throws<InvalidOperationException>(() => LocalGroup.Run(2, group => Average(group, group.Rank + 3, weight: 1)));
        Assert.Contains("do not exchange the same tensors", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_member_that_fails_calls_off_the_others()
    {
        var error = Assert.Throws<NotSupportedException>(() => LocalGroup.Run(3, group =>
        {
            if (group.Rank == 1) throw new NotSupportedException("this one");
            group.Barrier();
        }));
        Assert.Equal("this one", error.Message);
        Assert.Throws<InvalidOperationException>(() => LocalGroup.Run(2, group =>
        {
            if (group.IsFirst) group.Barrier(); // the other has made fewer steps
        }));
    }

    /// <summary>A number that is not finite on one member skips the step on all, with and without a history.</summary>
    [Theory]
    [InlineData("Sam", "SGD")]
    [InlineData("Vasso", "FusedAdamW")]
    [InlineData("LookSam", "FusedSGD")]
    [InlineData("FriendlySam", "Adafactor")]
    public void A_step_is_skipped_by_all(string recipe, string baseName)
    {
        LocalGroup.Run(2, group =>
        {
            using var scope = NewDisposeScope();
            using var problem = new Problem();
            using var optimizer = Scenario.Wrap(problem, recipe, baseName, group.Gradients(model: problem.Model, compareEvery: 1));
            for (var t = 0; t < 6; t++)
            {
                var before = problem.Weights();
                var bad = t == 3 && group.Rank == 1;
                optimizer.Step(() =>
                {
                    var loss = problem.Backward((2 * t) + group.Rank);
                    if (bad) problem.Parameters.Last().grad!.MultiplyBy(double.NaN);
                    return loss;
                }).Dispose();
                Assert.Equal(t == 3, optimizer.LastStep.Skipped);
                if (t == 3) Close.Bits(before, problem.Weights());
                else Assert.False(before.equal(problem.Weights()).all().item<bool>());
            }
            Assert.Equal(1, optimizer.LastStep.SkippedSteps);
        });
    }

    /// <summary>A gradient that overflows on one member makes all of them lower the scale of their losses.</summary>
    [Fact]
    public void Scales_of_losses_stay_alike() => LocalGroup.Run(2, group =>
    {
        using var scope = NewDisposeScope();
        using var problem = new Problem(ScalarType.Float32);
        using var optimizer = new SharpnessAwareOptimizer(optim.SGD(problem.Parameters, 0.1), Recipe.Sam() with
        {
            LossScaler = new LossScaler(InitialScale: 1024),
            Exchange = group.Gradients(model: problem.Model, compareEvery: 1),
        });
        for (var t = 0; t < 3; t++)
        {
            optimizer.Step(() =>
            {
                var loss = problem.Loss(Problem.Batch(problem.X, t + group.Rank), Problem.Batch(problem.Y, t + group.Rank));
                optimizer.Backward(t == 1 && group.Rank == 1 ? loss.Times(double.PositiveInfinity) : loss);
                return loss;
            }).Dispose();
            Assert.Equal(t == 1, optimizer.LastStep.Skipped);
            Assert.Equal(t == 0 ? 1024 : 512, optimizer.Services.Scale!.Value);
        }
    });

    /// <summary>Recipes with a history, and those that act after the step, keep the copies of the model alike, too.</summary>
    [Fact]
    public void Every_recipe_keeps_the_copies_alike()
    {
        foreach (var recipe in AllRecipes.Names)
        {
            LocalGroup.Run(2, group =>
            {
                using var scope = NewDisposeScope();
                using var problem = new Problem(batchNorm: true);
                using var optimizer = Scenario.Wrap(problem, recipe, "SGD", group.Gradients(model: problem.Model, compareEvery: 1));
                for (var t = 0; t < 5; t++) optimizer.Step(() => problem.Backward((2 * t) + group.Rank)).Dispose();
                group.RequireEqualWeights(problem.Model);
            });
        }
    }

    /// <summary>With synchronized ascents, members over equal shards are one process over the whole batch.</summary>
    [Theory]
    [InlineData("Sam")]
    [InlineData("Asam")]
    [InlineData("Vasso")]
    [InlineData("Wsam")]
    [InlineData("RandSam")]
    public void Synchronized_ascents_climb_the_whole_batch(string recipe)
    {
        using var scope = NewDisposeScope();
        using var whole = new Problem();
        using var one = Scenario.Wrap(whole, recipe, "SGD", null);
        for (var t = 0; t < 4; t++) one.Step(() => whole.Backward(whole.X.narrow(0, 16 * t, 16), whole.Y.narrow(0, 16 * t, 16))).Dispose();
        var expected = whole.Weights();
        LocalGroup.Run(2, group =>
        {
            using var inner = NewDisposeScope();
            using var problem = new Problem();
            using var optimizer = Scenario.Wrap(problem, recipe, "SGD", group.Gradients(synchronizesAscent: true));
            for (var t = 0; t < 4; t++) optimizer.Step(() => problem.Backward((2 * t) + group.Rank)).Dispose();
            Close.To(expected, problem.Weights(), 1e-12);
        });
    }

    /// <summary>Several passes for one step: each member's mean, then the members'.</summary>
    [Fact]
    public void Gradients_may_be_accumulated_before_they_are_applied()
    {
        using var scope = NewDisposeScope();
        using var parts = new Problem();
        using var one = Scenario.Wrap(parts, "Sam", "AdamW", null);
        for (var t = 0; t < 2; t++)
            one.Step(Enumerable.Range(4 * t, 4).Select(part => new BatchPart(() => parts.Backward(part))).ToArray()).Dispose();
        var expected = parts.Weights();
        LocalGroup.Run(2, group =>
        {
            using var inner = NewDisposeScope();
            using var problem = new Problem();
            using var optimizer = Scenario.Wrap(problem, "Sam", "AdamW", group.Gradients());
            for (var t = 0; t < 2; t++)
            {
                var sum = Enumerable.Range(0, 2).Select(part =>
                {
                    optimizer.Gradient(() => problem.Backward((4 * t) + (2 * group.Rank) + part)).Dispose();
                    return problem.Parameters.Select(parameter => parameter.grad!.clone()).ToArray();
                }).Aggregate((a, b) => [.. a.Zip(b, (x, y) => x.Plus(y))]);
                foreach (var (parameter, gradient) in problem.Parameters.Zip(sum)) parameter.grad = gradient.Over(2);
                optimizer.Apply();
            }
            Close.To(expected, problem.Weights(), 1e-12);
        });
    }

    [Fact]
    public void Buffers_are_those_of_the_first_or_averaged()
    {
        LocalGroup.Run(2, group =>
        {
            using var scope = NewDisposeScope();
            using var problem = new Problem(seed: (ulong)group.Rank + 1, batchNorm: true);
            problem.Backward(group.Rank).Dispose();
            var own = problem.Model.Norm.running_mean!.clone();
            var sum = group.Sum(own.ReadAll<double>());
            group.AverageBuffers(problem.Model);
            Close.To(Array.ConvertAll(sum, number => number / 2), problem.Model.Norm.running_mean!.ReadAll<double>(), 1e-15);
            Assert.Equal(1, problem.Model.Norm.num_batches_tracked!.ReadDouble());
            problem.Model.Norm.running_mean!.copy_(own);
            group.BroadcastBuffers(problem.Model);
            var first = group.Sum(group.IsFirst ? own.ReadAll<double>() : new double[own.NumberOfElements]);
            Assert.Equal(first, problem.Model.Norm.running_mean!.ReadAll<double>());
            Assert.Throws<InvalidOperationException>(() => group.RequireEqualWeights(problem.Model));
            group.Broadcast(problem.Model);
            group.RequireEqualWeights(problem.Model);
        });
    }

    [Fact]
    public void Each_member_has_its_own_file() => LocalGroup.Run(2, group =>
        Assert.Equal(Path.Combine("run", $"optimizer.rank{group.Rank}.bin"), group.OwnFile(Path.Combine("run", "optimizer.bin"))));

    [Fact]
    public void An_exchange_leaves_no_tensors() => LocalGroup.Run(1, group =>
    {
        using var problem = new Problem();
        using var optimizer = Scenario.Wrap(problem, "Vasso", "FusedSGD", group.Gradients(model: problem.Model, compareEvery: 1));
        for (var t = 0; t < 3; t++) optimizer.Step(() => problem.Backward(t)).Dispose();
        var alive = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (var t = 3; t < 8; t++) optimizer.Step(() => problem.Backward(t)).Dispose();
        Assert.Equal(alive, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    });

    private static Dictionary<ScalarType, double> Rounding { get; } = new()
    {
        [ScalarType.BFloat16] = 1e-2,
        [ScalarType.Float16] = 1e-3,
        [ScalarType.Float32] = 1e-6,
        [ScalarType.Float64] = 1e-14,
    };

    private static Tensor Full(double value, ScalarType type, params long[] shape) => zeros(shape, dtype: type).IncreaseBy(value);

    private static void Average(ProcessGroup group, int elements, double weight)
    {
        using var scope = NewDisposeScope();
        group.Gradients(() => weight).Average([ones(elements)], zeros(0, dtype: float64));
    }
}
