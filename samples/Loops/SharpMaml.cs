using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Samples.Loops;

/// <summary>Sharp-MAML, first-order: SAM in the adaptation to a task (lower level), in the step of the shared weights (upper level), or in
/// both.</summary>
/// <remarks>The paper differentiates through the adaptation. Here, as in first-order MAML, the gradient at the adapted weights serves as the shared
/// weights' own. To go on after a stop, keep the shared weights, the state of their optimizer, and the choice of tasks: the
/// adaptation lives for one step.</remarks>
[InDisposeScope]
internal static class SharpMaml
{
    public const string Paper = "Sharp-MAML: Abbas, Xiao, Chen, Chen, Chen, \"Sharp-MAML: Sharpness-Aware Model-Agnostic Meta Learning\", 2022";

    private const int Steps = 300, TasksPerStep = 4, Shots = 10, TestTasks = 40;
    private const double InnerRate = 0.05, OuterRate = 0.01;

    /// <summary>The losses of one task as functions of the weights: the one to adapt by, and the one that counts.</summary>
    public sealed record MetaTask(Func<IReadOnlyList<Tensor>, Tensor> Support, Func<IReadOnlyList<Tensor>, Tensor> Query);

    public static void Run(TextWriter output)
    {
        var rows = new List<string[]>();
        var losses = new List<double>();
        foreach (var (name, lower, upper) in new[] { ("MAML", 0, 0), ("lower", 0.05, 0), ("upper", 0, 0.05), ("both", 0.05, 0.05) })
        {
            var weights = SmallNetwork.Create(1, 32, 1, seed: 1);
            using var optimizer = optim.Adam(weights, OuterRate).WithSharpnessAwareness(rho: upper);
            var random = new Random(1);
            for (var step = 0; step < Steps; step++)
            {
                using var scope = NewDisposeScope();
                MetaTask[] tasks = [.. Enumerable.Range(0, TasksPerStep).Select(_ => Sine(random))];
                MetaStep(optimizer, weights, tasks, InnerRate, lower);
            }
            var test = new Random(2);
            var loss = Enumerable.Range(0, TestTasks).Average(_ =>
            {
                using var scope = NewDisposeScope();
                var task = Sine(test);
                return task.Query(Adapt(weights, task, InnerRate, lower)).ReadDouble();
            });
            losses.Add(loss);
            rows.Add([name, $"{lower}", $"{upper}", $"{loss:F3}"]);
        }
        Table.Write(output, ["SAM", "lower rho", "upper rho", "squared error after one step"], rows);
        output.WriteLine($"On {TestTasks} new sine waves of {Shots} points, SAM in both levels has {losses[3] / losses[0]:F2} times MAML's error.");
    }

    /// <summary>One step of the shared weights with the mean gradient over tasks; the optimizer makes it sharpness-aware, or not.</summary>
    /// <param name="optimizer">The optimizer of the shared weights; its radius is the upper one.</param>
    /// <param name="weights">The shared weights.</param>
    /// <param name="tasks">The tasks of this step.</param>
    /// <param name="rate">The learning rate of the adaptation.</param>
    /// <param name="lowerRho">The radius of the adaptation.</param>
    public static void MetaStep(
        SharpnessAwareOptimizer optimizer, Parameter[] weights, IReadOnlyList<MetaTask> tasks, double rate, double lowerRho) =>
        optimizer.Step(() =>
        {
            var sum = zeros([], float64);
            foreach (var weight in weights) weight.grad = zeros_like(weight, requires_grad: false);
            foreach (var task in tasks)
            {
                var adapted = Adapt(weights, task, rate, lowerRho);
                var loss = task.Query(adapted);
                loss.backward();
                sum.IncreaseBy(loss.detach(), 1.0 / tasks.Count);
                foreach (var (shared, own) in weights.Zip(adapted)) shared.grad!.IncreaseBy(own.grad!, 1.0 / tasks.Count);
            }
            return sum;
        });

    /// <summary>w - rate g(w + rho g^), with g the gradient of the task's support loss.</summary>
    public static Parameter[] Adapt(Parameter[] weights, MetaTask task, double rate, double rho)
    {
        var own = SmallNetwork.Copy(weights);
        using var optimizer = optim.SGD(own, rate).WithSharpnessAwareness(rho);
        optimizer.Step(() =>
        {
            var loss = task.Support(own);
            loss.backward();
            return loss;
        });
        foreach (var weight in own) weight.grad = null;
        return own;
    }

    /// <summary>Regression on a sine wave of random height and phase.</summary>
    private static MetaTask Sine(Random random)
    {
        var (height, phase) = (0.5 + (1.5 * random.NextDouble()), Math.PI * random.NextDouble());
        Func<IReadOnlyList<Tensor>, Tensor> Loss()
        {
            double[] points = [.. Enumerable.Range(0, Shots).Select(_ => (6 * random.NextDouble()) - 3)];
            var x = tensor(points, [Shots, 1]);
            var y = tensor([.. points.Select(point => height * Math.Sin(point + phase))], [Shots, 1]);
            return weights => SmallNetwork.Forward(weights, x).sub(y).Squared().mean();
        }
        return new(Loss(), Loss());
    }
}
