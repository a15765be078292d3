using TorchSharp.Modules;

namespace SamSharp.Samples.Loops.Tests;

/// <summary>Two tasks with losses k (w - c)^2 / 2 for (k, c) = (1, 2) and (3, -1), from w = 0.5; adaptation rate 0.1, lower radius 0.2.</summary>
[TensorScope]
public class SharpMamlTests
{
    private static readonly (double K, double C)[] Tasks = [(1, 2), (3, -1)];

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0.2, 0)]
    [InlineData(0, 0.3)]
    [InlineData(0.2, 0.3)]
    public void The_first_order_step_is_the_one_by_hand(double lower, double upper)
    {
        var weight = new Parameter(tensor(new[] { 0.5 }));
        using var optimizer = optim.SGD([weight], 0.05).WithSharpnessAwareness(rho: upper);
        var tasks = Tasks.Select(task => new SharpMaml.MetaTask(Loss(task), Loss(task))).ToArray();
        SharpMaml.MetaStep(optimizer, [weight], tasks, rate: 0.1, lower);

        double MetaGradient(double w) => Tasks.Average(task =>
        {
            var climbed = w + (lower * Math.Sign(task.K * (w - task.C)));
            var adapted = w - (0.1 * task.K * (climbed - task.C));
            return task.K * (adapted - task.C);
        });
        var at = 0.5 + (upper * Math.Sign(MetaGradient(0.5)));
        Assert.Equal(0.5 - (0.05 * MetaGradient(at)), weight.ReadDouble(), 1e-12);
    }

    /// <summary>For the first task: g = -1.5, so w + e = 0.3, where the gradient is -1.7.</summary>
    [Fact]
    public void Adaptation_leaves_the_shared_weights_alone()
    {
        var weight = new Parameter(tensor(new[] { 0.5 }));
        var adapted = SharpMaml.Adapt([weight], new(Loss(Tasks[0]), Loss(Tasks[0])), 0.1, 0.2);
        Assert.Equal(0.67, adapted[0].ReadDouble(), 1e-12);
        Assert.Equal(0.5, weight.ReadDouble());
        Assert.Null(weight.grad);
    }

    private static Func<IReadOnlyList<Tensor>, Tensor> Loss((double K, double C) task) =>
        weights => weights[0].Minus(task.C).Squared().sum().Times(task.K / 2);
}
