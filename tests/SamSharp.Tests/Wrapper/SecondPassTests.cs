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

    private static List<string> Masks(bool replay, int steps)
    {
        manual_seed(5);
        using var problem = new Problem(dropout: 0.5);
        using var optimizer = new SharpnessAwareOptimizer(optim.SGD(problem.Parameters, 0), new SharpnessAwareOptions { ReplayRandomness = replay });
        for (var t = 0; t < steps; t++) optimizer.Step(() => problem.Backward(t)).Dispose();
        return problem.Model.Masks;
    }
}
