using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.Wrapper;

/// <summary>Two tasks with a shared layer and a head each, trained on what the user makes of their sharpness-aware gradients.</summary>
[TensorScope]
[Collection(GlobalRandomNumbers.Name)]
public class SeveralTasksTests
{
    private readonly Parameter _shared, _firstHead, _secondHead;
    private readonly Tensor _x, _first, _second;

    public SeveralTasksTests()
    {
        manual_seed(3);
        Parameter Normal(params long[] shape) => new(randn(shape, dtype: float64).Times(0.5));
        (_shared, _firstHead, _secondHead) = (Normal(8, 4), Normal(3, 8), Normal(1, 8));
        _x = randn([32, 4], dtype: float64);
        _first = _x.narrow(1, 0, 3).argmax(1);
        _second = _x.narrow(1, 0, 1).Times(2) - _x.narrow(1, 3, 1);
    }

    private Parameter[] Parameters => [_shared, _firstHead, _secondHead];

    [Fact]
    public void Conflicting_parts_are_taken_out_and_both_tasks_are_learned()
    {
        using var optimizer = optim.AdamW(Parameters, 0.02).WithSharpnessAwareness(0.05);
        var tasks = new Func<Tensor>[] { Classify, Regress };
        var before = tasks.Select(task => task().item<double>()).ToArray();
        for (var t = 0; t < 80; t++)
        {
            var gradients = tasks.Select(task => GradientsOf(optimizer, task)).ToArray();
            Assert.Null(gradients[0][2]); // a task has no part in the other's head
            Assert.Null(gradients[1][1]);
            using (no_grad())
            {
                var (first, second) = (gradients[0][0]!, gradients[1][0]!);
                _shared.grad = Without(first, second).Plus(Without(second, first));
                _firstHead.grad = gradients[0][1];
                _secondHead.grad = gradients[1][2];
            }
            optimizer.Apply();
            Assert.Equal(t + 1, optimizer.LastStep.Step);
        }
        var after = tasks.Select(task => task().item<double>()).ToArray();
        Assert.All(before.Zip(after), pair => Assert.True(pair.Second < 0.3 * pair.First, $"the loss went from {pair.First} to {pair.Second}"));
    }

    [Fact]
    public void A_single_tasks_gradient_and_its_application_are_one_step()
    {
        var start = Parameters.Select(p => p.detach().clone()).ToArray();
        using (var whole = optim.AdamW(Parameters, 0.02).WithSharpnessAwareness(0.05))
        {
            for (var t = 0; t < 3; t++) whole.Step(() => Backward(Classify)).Dispose();
        }
        var expected = Parameters.Select(p => p.detach().clone()).ToArray();

        using (no_grad())
        {
            foreach (var (parameter, value) in Parameters.Zip(start)) parameter.copy_(value);
        }
        using var halves = optim.AdamW(Parameters, 0.02).WithSharpnessAwareness(0.05);
        for (var t = 0; t < 3; t++)
        {
            halves.Gradient(() => Backward(Classify)).Dispose();
            halves.Apply();
        }
        foreach (var (value, parameter) in expected.Zip(Parameters)) Close.Bits(value, parameter);
    }

    private Tensor?[] GradientsOf(SharpnessAwareOptimizer optimizer, Func<Tensor> task)
    {
        optimizer.Gradient(() => Backward(task)).Dispose();
        return Parameters.Select(p => p.grad?.clone()).ToArray();
    }

    /// <summary>PCGrad (Yu et al. 2020): a gradient without what works against another.</summary>
    private static Tensor Without(Tensor gradient, Tensor other)
    {
        var along = (gradient * other).sum() / (other * other).sum();
        return gradient - (along.Clamped(max: 0) * other);
    }

    private Tensor Hidden => nn.functional.linear(_x, _shared).tanh();

    private Tensor Classify() => nn.functional.cross_entropy(nn.functional.linear(Hidden, _firstHead), _first);

    private Tensor Regress() => nn.functional.mse_loss(nn.functional.linear(Hidden, _secondHead), _second);

    private static Tensor Backward(Func<Tensor> task)
    {
        var loss = task();
        loss.backward();
        return loss;
    }
}
