using SamSharp.Steps;
using SamSharp.Tests.Support;

namespace SamSharp.Tests.Wrapper;

/// <summary>What the second pass must not disturb: running statistics, and on request the random numbers.</summary>
[TensorScope]
[Collection(GlobalRandomNumbers.Name)]
public class SecondPassTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Running_statistics_move_once_a_step(int ascents)
    {
        using var problem = new Problem(batchNorm: true);
        using var plain = new Problem(batchNorm: true);
        using var optimizer = new SharpnessAwareOptimizer(optim.SGD(problem.Parameters, 0), new SharpnessAwareOptions
        {
            Rho = 0.5,
            AscentSteps = ascents,
            Module = problem.Model,
        });
        using var baseOptimizer = optim.SGD(plain.Parameters, 0);
        for (var t = 0; t < 3; t++)
        {
            optimizer.Step(() => problem.Backward(t)).Dispose();
            baseOptimizer.step(() => plain.Backward(t)).Dispose();
        }
        Close.Bits(plain.Model.Norm.running_mean!, problem.Model.Norm.running_mean!);
        Close.Bits(plain.Model.Norm.running_var!, problem.Model.Norm.running_var!);
        Assert.Equal(3, problem.Model.Norm.num_batches_tracked!.to(float64).item<double>());
    }

    [Fact]
    public void Running_statistics_move_once_in_the_two_phases_too()
    {
        using var problem = new Problem(batchNorm: true);
        using var optimizer = new SharpnessAwareOptimizer(optim.SGD(problem.Parameters, 0), new SharpnessAwareOptions
        {
            Module = problem.Model,
            Schedule = RadiusSchedule.Every(2),
        });
        for (var t = 0; t < 4; t++)
        {
            problem.Backward(t).Dispose();
            optimizer.Ascend();
            problem.Backward(t).Dispose();
            optimizer.Descend();
        }
        Assert.Equal(4, problem.Model.Norm.num_batches_tracked!.to(float64).item<double>());
    }

    [Fact]
    public void Dropout_cuts_the_same_units_in_both_passes_on_request()
    {
        var masks = Masks(replay: true, steps: 3);
        for (var step = 0; step < 3; step++) Assert.Equal(masks[2 * step], masks[(2 * step) + 1]);
        Assert.NotEqual(masks[0], masks[2]);
    }

    [Fact]
    public void Dropout_is_drawn_anew_by_default()
    {
        var masks = Masks(replay: false, steps: 1);
        Assert.NotEqual(masks[0], masks[1]);
    }

    [Fact]
    public void With_replay_the_random_numbers_of_training_are_those_of_the_base_optimizer()
    {
        manual_seed(5);
        using var problem = new Problem(dropout: 0.5);
        using var baseOptimizer = optim.SGD(problem.Parameters, 0);
        for (var t = 0; t < 3; t++) baseOptimizer.step(() => problem.Backward(t)).Dispose();

        var masks = Masks(replay: true, steps: 3);
        Assert.Equal(problem.Model.Masks, masks.Where((_, i) => i % 2 == 0));
    }

    /// <summary>Passes at further points leave the statistics alone, whatever the first pass did.</summary>
    [Theory]
    [InlineData("CrSam")]
    [InlineData("FrobeniusSam")]
    [InlineData("Sampa")]
    [InlineData("TwoPointNoise")]
    public void Running_statistics_move_once_with_further_passes_too(string recipe)
    {
        using var problem = new Problem(batchNorm: true);
        using var optimizer = AllRecipes.Wrap(recipe, problem, optim.SGD(problem.Parameters, 0))!;
        var (passes, first) = (0, zeros(0));
        for (var t = 0; t < 3; t++)
        {
            optimizer.Step(() =>
            {
                var loss = problem.Backward(t);
                if (passes++ == 0) first = problem.Model.Norm.running_mean!.clone();
                return loss;
            }).Dispose();
            if (t == 0) Close.Bits(first, problem.Model.Norm.running_mean!);
        }
        Assert.True(passes > 3, "there is no further pass");
        Assert.Equal(3, problem.Model.Norm.num_batches_tracked!.to(float64).ReadDouble());
    }

    [Fact]
    public void With_replay_each_part_of_a_batch_has_its_own_dropout_in_both_passes()
    {
        manual_seed(5);
        using var problem = new Problem(dropout: 0.5);
        using var optimizer = new SharpnessAwareOptimizer(optim.SGD(problem.Parameters, 0), new SharpnessAwareOptions { ReplayRandomness = true });
        optimizer.Step([new(() => problem.Backward(0)), new(() => problem.Backward(0))]).Dispose();
        var masks = problem.Model.Masks;
        Assert.Equal(masks[0], masks[1]);
        Assert.Equal(masks[2], masks[3]);
        Assert.NotEqual(masks[0], masks[2]);
    }

    /// <summary>The state of CUDA's generators cannot be read, so they are seeded: alike in the passes of a part, otherwise never.</summary>
    [Fact]
    public void Seeds_for_CUDA_differ_between_steps_and_parts_and_seeds_alone()
    {
        var seeds = new List<long>();
        foreach (var seed in new[] { 0L, 7 })
        {
            using var replay = new RandomReplay(replays: true, seed) { SeedCuda = seeds.Add };
            for (var step = 1; step <= 3; step++)
            {
                for (var draw = 0; draw < 3; draw++)
                {
                    replay.BeginPasses(step, draw, onCuda: true);
                    replay.Rewind(onCuda: true);
                    Assert.Equal(seeds[^2], seeds[^1]);
                }
            }
        }
        Assert.Equal(18, seeds.Distinct().Count());
    }

    private static List<string> Masks(bool replay, int steps)
    {
        manual_seed(5);
        using var problem = new Problem(dropout: 0.5);
        using var optimizer = new SharpnessAwareOptimizer(optim.SGD(problem.Parameters, 0), new SharpnessAwareOptions { ReplayRandomness = replay });
        for (var t = 0; t < steps; t++) optimizer.Step(() => problem.Backward(t)).Dispose();
        return problem.Model.Masks;
    }
}
