using SamSharp.Steps;
using SamSharp.Tests.Support;

namespace SamSharp.Tests.Parts;

[TensorScope]
public class RadiusScheduleTests
{
    [Fact]
    public void Every_third_step_ascends_and_the_others_take_one_pass()
    {
        using var problem = new Problem();
        using var optimizer = optim.SGD(problem.Parameters, 0.1)
            .WithSharpnessAwareness(new SharpnessAwareOptions { Schedule = RadiusSchedule.Every(3) });
        var passes = new List<int>();
        for (var t = 0; t < 6; t++)
        {
            var calls = 0;
            optimizer.Step(() =>
            {
                calls++;
                return problem.Backward(t);
            }).Dispose();
            passes.Add(calls);
        }
        Assert.Equal([1, 1, 2, 1, 1, 2], passes);
    }

    [Fact]
    public void Every_step_is_the_constant_schedule()
    {
        var every = RadiusSchedule.Every(1);
        for (var t = 1; t < 5; t++)
        {
            var info = new StepInfo(t, 0.1, 0.1, 0);
            Assert.Equal(RadiusSchedule.Constant.At(info, 0.3), every.At(info, 0.3));
        }
        Assert.Throws<ArgumentOutOfRangeException>(() => RadiusSchedule.Every(0));
    }

    [Fact]
    public void A_schedule_sees_step_learning_rate_and_group()
    {
        using var problem = new Problem();
        var seen = new List<(StepInfo, double)>();
        using var optimizer = optim.SGD(problem.Parameters, 0.2).WithSharpnessAwareness(new SharpnessAwareOptions
        {
            Rho = 0.4,
            Schedule = RadiusSchedule.From((info, rho) =>
            {
                seen.Add((info, rho));
                return rho * info.LearningRate / info.InitialLearningRate;
            }),
        });
        optimizer.Step(() => problem.Backward()).Dispose();
        optimizer.ParamGroups.Single().LearningRate = 0.1;
        optimizer.Step(() => problem.Backward()).Dispose();

        Assert.Equal([(new StepInfo(1, 0.2, 0.2, 0), 0.4), (new StepInfo(2, 0.1, 0.2, 0), 0.4)], seen);
        Assert.Equal(0.2, optimizer.LastStep.Radius, 12);
    }

    [Theory]
    [InlineData(-0.01)]
    [InlineData(double.NaN)]
    public void A_schedule_that_gives_no_radius_is_named_before_any_weight_moves(double radius)
    {
        using var problem = new Problem();
        using var optimizer = optim.SGD(problem.Parameters, 0.2)
            .WithSharpnessAwareness(new SharpnessAwareOptions { Schedule = RadiusSchedule.From((_, _) => radius) });
        var before = problem.Weights();
        var message = Assert.Throws<InvalidOperationException>(() => optimizer.Step(() => problem.Backward())).Message;
        Assert.Contains($"gave {radius} for group 0 in step 1", message, StringComparison.Ordinal);
        Close.Bits(before, problem.Weights());
    }
}
