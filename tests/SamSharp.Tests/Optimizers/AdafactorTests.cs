using SamSharp.Optimizers;
using TorchSharp.Modules;

namespace SamSharp.Tests.Optimizers;

/// <summary>The update rule's parts by hand, on one parameter whose gradient makes every ratio easy.</summary>
[TensorScope]
public class AdafactorTests
{
    public static TheoryData<UpdateKernels> Kernels => new(Enum.GetValues<UpdateKernels>());

    private static Parameter Filled(double value, params long[] shape) => new(ScalarArithmetic.Full(shape, value, float64));

    /// <summary>A step whose d is 1 everywhere, so that the weights move by the learning rate.</summary>
    private static double Move(Adafactor optimizer, Parameter parameter)
    {
        using var before = parameter.detach().clone();
        parameter.grad = ones_like(parameter);
        optimizer.step();
        return (before - parameter.detach()).max().ReadDouble();
    }

    [Theory]
    [InlineData(false, 1, 1e-2)]
    [InlineData(false, 2, 1e-2)]
    [InlineData(false, 10_001, 0.0099995000374968752)] // 1 / sqrt(10001)
    [InlineData(true, 1, 1e-6)]
    [InlineData(true, 2, 2e-6)]
    [InlineData(true, 10_001, 0.0099995000374968752)]
    public void A_relative_step_follows_the_step_count(bool warmup, int step, double expected)
    {
        var weight = Filled(0, 3);
        using var optimizer = new Adafactor([weight], scaleParameter: false, warmupInit: warmup);
        for (var t = 1; t < step; t++) Move(optimizer, weight);

        Assert.Equal(expected, Move(optimizer, weight), 12);
        Assert.Equal(expected, optimizer.ParamGroups.Single().LearningRate, 12);
    }

    [Theory]
    [InlineData(4, 0.04)]
    [InlineData(0.5, 0.005)]
    [InlineData(0, 0.00001)] // the floor, epsilon2 = 0.001
    public void Parameter_scaling_multiplies_by_the_root_mean_square_of_the_weights(double size, double expected)
    {
        var weight = Filled(size, 3, 2);
        using var optimizer = new Adafactor([weight], lr: 0.01);
        Assert.Equal(expected, Move(optimizer, weight), 12);
    }

    [Theory]
    [InlineData(0.25, 0.25)]
    [InlineData(1, 1)]
    [InlineData(8, 1)] // the update is 1 already: a threshold above leaves it alone
    public void An_update_is_clipped_to_the_threshold(double threshold, double expected)
    {
        var weight = Filled(0, 4, 3);
        using var optimizer = new Adafactor([weight], lr: 1, scaleParameter: false, clipThreshold: threshold);
        Assert.Equal(expected, Move(optimizer, weight), 12);
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void A_zero_gradient_moves_nothing_but_decays(UpdateKernels kernel)
    {
        foreach (long[] shape in (long[][])[[], [5], [3, 4], [2, 3, 4]])
        {
            var weight = Filled(2, shape);
            using var optimizer = new Adafactor([weight], lr: 0.1, scaleParameter: false, weightDecay: 0.5, kernel: kernel);
            weight.grad = zeros_like(weight);
            optimizer.step();
            Assert.True(weight.allclose(weight.FullLike(2 * (1 - 0.1 * 0.5))));
        }
    }

    [Fact]
    public void Weight_decay_is_multiplied_by_the_scaled_learning_rate()
    {
        var weight = Filled(4, 3);
        using var optimizer = new Adafactor([weight], lr: 0.01, weightDecay: 0.5);
        Assert.Equal(4 * 0.5 * 0.04 + 0.04, Move(optimizer, weight), 12);
    }

    [Fact]
    public void A_missing_gradient_leaves_weight_state_and_counter_alone()
    {
        Parameter skipped = Filled(1, 3, 2), other = Filled(1, 2);
        using var optimizer = new Adafactor([skipped, other], lr: 0.1, weightDecay: 0.5, beta1: 0.9);
        other.grad = ones_like(other);
        optimizer.step();

        var state = (ParameterState)optimizer.state_dict().State[0];
        Assert.Equal(0, state.Step);
        Assert.Equal(0, state["exp_avg_sq_row"]!.sum().ReadDouble());
        Assert.True(skipped.SameBits(ones_like(skipped)));
        Assert.Equal(1, ((ParameterState)optimizer.state_dict().State[1]).Step);
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void A_parameter_without_elements_is_allowed(UpdateKernels kernel)
    {
        Parameter nothing = new(zeros(0, 5)), flat = new(zeros(0)), something = Filled(0, 2);
        using var optimizer = new Adafactor([nothing, flat, something], kernel: kernel);
        nothing.grad = zeros(0, 5);
        flat.grad = zeros(0);
        Assert.True(Move(optimizer, something) > 0);
        Assert.True(((ParameterState)optimizer.state_dict().State[0])["exp_avg_sq_col"]!.isfinite().all().Read<bool>());
    }

    [Fact]
    public void Groups_have_their_own_options()
    {
        Parameter usual = Filled(0, 2), fast = Filled(0, 2), relative = Filled(0, 2);
        using var optimizer = new Adafactor(
            [
                new Adafactor.ParamGroup([usual]),
                new Adafactor.ParamGroup([fast], new() { LearningRate = 0.5 }),
            ], lr: 0.1, scaleParameter: false);
        optimizer.add_param_group(new Adafactor.ParamGroup([relative], new() { RelativeStep = true }));

        Assert.Equal([0.1, 0.5, 0.01], optimizer.ParamGroups.Select(group => group.LearningRate));
        Assert.Equal([0.1, 0.5, 0.01], optimizer.ParamGroups.Select(group => group.InitialLearningRate));
        foreach (var weight in optimizer.parameters()) weight.grad = ones_like(weight);
        optimizer.step();
        Assert.Equal(-0.1, usual.max().ReadDouble(), 12);
        Assert.Equal(-0.5, fast.max().ReadDouble(), 12);
        Assert.Equal(-0.01, relative.max().ReadDouble(), 12);
    }

    [Fact]
    public void A_scheduler_sets_the_learning_rate()
    {
        var weight = Filled(0, 2);
        using var optimizer = new Adafactor([weight], lr: 0.8, scaleParameter: false);
        var scheduler = optim.lr_scheduler.StepLR(optimizer, step_size: 1, gamma: 0.5);
        Assert.Equal(0.8, Move(optimizer, weight), 12);
        scheduler.step();
        Assert.Equal(0.4, Move(optimizer, weight), 12);
    }

    [Fact]
    public void A_closure_runs_with_gradients_and_its_loss_is_returned()
    {
        var weight = Filled(3, 2);
        using var optimizer = new Adafactor([weight], lr: 0.1);
        using var noGrad = no_grad();
        using var loss = optimizer.step(() =>
        {
            var value = weight.Squared().sum();
            value.backward();
            return value;
        });
        Assert.Equal(18, loss.ReadDouble(), 12);
        Assert.True(weight.max().ReadDouble() < 3);
    }

    [Theory]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float16)]
    public void Half_precision_keeps_state_and_arithmetic_in_single(ScalarType type)
    {
        // A squared gradient of 1e-10 is zero in float16.
        foreach (long[] shape in (long[][])[[6], [3, 2]])
        {
            var weight = new Parameter(ones(shape, type));
            using var optimizer = new Adafactor([weight], lr: 0.25, scaleParameter: false);
            weight.grad = ScalarArithmetic.Full(shape, 1e-5, type);
            optimizer.step();

            var state = (ParameterState)optimizer.state_dict().State[0];
            Assert.Equal(float32, (state["exp_avg_sq"] ?? state["exp_avg_sq_row"]!).dtype);
            Assert.Equal(type, weight.dtype);
            Assert.Equal(0.75, weight.max().to(float32).ReadDouble(), 6);
        }
    }
}
