using SamSharp.Optimizers;
using TorchSharp.Modules;

namespace SamSharp.Tests.Optimizers;

/// <summary>What the engine gives every optimizer, however little its rule says.</summary>
[TensorScope]
public class EngineTests
{
    /// <summary>m = 0.1 g, d = sign(0.9 m + 0.1 g): w = 1 * 0.97 - 0.1 sign; m = 0.01 g.</summary>
    [Theory]
    [InlineData(UpdateKernels.Automatic)]
    [InlineData(UpdateKernels.MultiTensor)]
    [InlineData(UpdateKernels.Reference)]
    public void One_file_is_an_optimizer(UpdateKernels kernel)
    {
        var weight = new Parameter(ones(3, float64));
        using var optimizer = new Lion([weight], 0.1, weightDecay: 0.3) { Kernel = kernel };
        weight.grad = tensor(new[] { 2.0, -4, 0 });
        optimizer.step();
        Assert.True(weight.allclose(tensor(new[] { 0.87, 1.07, 0.97 })));
        Assert.True(((ParameterState)optimizer.state_dict().State[0])["exp_avg"]!.allclose(tensor(new[] { 0.02, -0.04, 0 })));
    }

    [Fact]
    public void An_optimizer_says_itself_what_its_momentum_is()
    {
        var weight = new Parameter(ones(3));
        using var optimizer = new Lion([weight], 0.1).WithSharpnessAwareness(Recipe.MomentumSam());
        for (var step = 0; step < 2; step++)
        {
            optimizer.Step(() =>
            {
                var loss = weight.Squared().sum();
                loss.backward();
                return loss;
            }).Dispose();
        }
        Assert.True(optimizer.LastStep.Perturbed);
        var refused = Assert.Throws<ArgumentException>(() => new Lion([weight], 0.1).WithSharpnessAwareness(Recipe.Sampa()));
        Assert.Contains("Lion", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void State_is_found_by_name()
    {
        using var optimizer = new FusedAdam([new Parameter(ones(3))]);
        var state = (ParameterState)optimizer.state_dict().State[0];
        Assert.Equal(["exp_avg", "exp_avg_sq", "max_exp_avg_sq"], state.Names);
        Assert.Equal([3L], state["exp_avg"]!.shape);
        Assert.Null(state["max_exp_avg_sq"]);
        Assert.Contains("exp_avg_sq", Assert.Throws<KeyNotFoundException>(() => state["m"]).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_group_can_be_filled_by_an_initializer_and_takes_over_what_it_leaves_out()
    {
        var weight = new Parameter(ones(3));
        using var optimizer = new FusedSGD([new FusedSGD.ParamGroup { Parameters = [weight] }], 0.25, momentum: 0.5);
        Assert.Equal(0.25, optimizer.ParamGroups.Single().LearningRate);
        Assert.Equal(0.5, ((optim.IMomentum)optimizer.ParamGroups.Single()).Momentum);
    }

    [Fact]
    public async Task A_step_beside_another_is_refused()
    {
        using ManualResetEventSlim begun = new(), mayEnd = new();
        var weight = new Parameter(ones(3));
        weight.grad = ones(3);
        using var optimizer = new Waiting([weight], () =>
        {
            begun.Set();
            mayEnd.Wait(TimeSpan.FromSeconds(10));
        });
        var first = Task.Run(() => optimizer.step());
        begun.Wait();
        Assert.Contains("another thread", Assert.Throws<InvalidOperationException>(() => optimizer.step()).Message, StringComparison.Ordinal);
        mayEnd.Set();
        await first;
        optimizer.step();
        Assert.Equal(2, ((ParameterState)optimizer.state_dict().State[0]).Step);
    }

    /// <summary>Handles of gradients and the lists they are in: about a hundred bytes. Anything more for each parameter shows.</summary>
    [Theory]
    [InlineData("AdamW")]
    [InlineData("Adafactor")]
    public void A_step_allocates_little_for_each_parameter(string name)
    {
        using var scope = NewDisposeScope();
        var weights = Enumerable.Range(0, 2000).Select(_ => new Parameter(ones(2, 4))).ToArray();
        foreach (var weight in weights) weight.grad = ones(2, 4);
        using OptimizerHelper optimizer = name == "AdamW" ? new FusedAdamW(weights) : new Adafactor(weights, 0.1, beta1: 0.9);
        for (var step = 0; step < 3; step++) optimizer.step();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var step = 0; step < 5; step++) optimizer.step();
        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / 5.0 / weights.Length, 0, 200);
    }

    /// <summary>An optimizer that does something else in place of an update.</summary>
    private sealed class Waiting(Parameter[] parameters, Action action)
        : StatefulOptimizer([new Lion.ParamGroup(parameters)],
            new Lion.Options { LearningRate = 0, Beta1 = 0, Beta2 = 0, WeightDecay = 0 }, new Rule(action))
    {
        private sealed class Rule(Action action) : UpdateRule
        {
            public override StateTensor[] Tensors { get; } = [];

            protected override void Update(UpdateBatch batch, int place) => action();
        }
    }
}
