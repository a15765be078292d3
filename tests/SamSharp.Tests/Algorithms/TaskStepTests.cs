using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.Algorithms;

/// <summary>Steps over several tasks at once.</summary>
[TensorScope]
public class TaskStepTests
{
    private static readonly Dictionary<string, GradientAggregator> Aggregators = new()
    {
        ["mean"] = GradientAggregator.Mean,
        ["PCGrad"] = GradientAggregator.PcGrad,
        ["MGDA"] = GradientAggregator.Mgda,
        ["IMTL"] = GradientAggregator.Imtl,
        ["CAGrad"] = GradientAggregator.CaGrad(),
    };

    public static TheoryData<string> Names => [.. Aggregators.Keys];

    /// <summary>The others scale the gradient of a single task.</summary>
    [Theory]
    [InlineData("mean")]
    [InlineData("PCGrad")]
    [InlineData("MGDA")]
    [InlineData("IMTL")]
    public void A_single_task_is_sam(string name)
    {
        using var problem = new Problem();
        using var other = new Problem();
        using var whole = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(0.1);
        using var tasks = optim.SGD(other.Parameters, 0.1).WithSharpnessAwareness(0.1);
        for (var t = 0; t < 3; t++)
        {
            using var loss = whole.Step(() => problem.Backward(t));
            using var same = tasks.TaskStep([() => other.Backward(t)], Aggregators[name]);
            Close.Bits(loss, same);
        }
        Close.To(problem.Weights().ReadAll<double>(), other.Weights().ReadAll<double>(), 1e-14);
    }

    [Fact]
    public void Each_task_has_a_draw_of_its_own()
    {
        using var problem = new Problem();
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(Recipe.RandSam(0.1));
        var points = new List<double[]>();
        Tensor Task()
        {
            points.Add(problem.Weights().ReadAll<double>());
            return problem.Backward();
        }
        optimizer.TaskStep([Task, Task], together: true).Dispose();
        Assert.Equal(2, points.Count); // the direction needs no pass at w
        Assert.NotEqual(points[0], points[1]);
    }

    [Fact]
    public void The_mean_is_that_of_the_tasks_sharpness_aware_gradients()
    {
        using var problem = new Problem();
        using var optimizer = optim.SGD(problem.Parameters, 0).WithSharpnessAwareness(0.1);
        double[] GradientOf(int batch)
        {
            optimizer.Gradient(() => problem.Backward(batch)).Dispose();
            return problem.Gradients().ReadAll<double>();
        }
        var expected = GradientOf(0).Zip(GradientOf(1), (a, b) => (a + b) / 2).ToArray();
        using var loss = optimizer.TaskStep([() => problem.Backward(0), () => problem.Backward(1)]);
        Close.To(expected, problem.Gradients().ReadAll<double>(), 1e-14);
        Assert.Equal((problem.Backward(0).item<double>() + problem.Backward(1).item<double>()) / 2, loss.item<double>(), 12);
    }

    /// <summary>Two tasks pull one weight in opposite directions at w, and in the same where they are perturbed: the gradients 1 and -0.5
    /// become 1 and 0.5 by rises of 0 and 1. Apart, nothing is left of the gradients, and the rises add up to 1. Together, the sum is 1.5.</summary>
    [Fact]
    public void Gradients_and_rises_are_aggregated_apart()
    {
        double FinalOf(bool together)
        {
            var weight = new Parameter(tensor(new[] { 0.0 }));
            using var optimizer = optim.SGD([weight], 0).WithSharpnessAwareness(1);
            Func<Tensor> Task(double slope, double curvature) => () =>
            {
                var loss = weight.Times(slope).Plus(weight.Squared(), curvature / 2).sum();
                loss.backward();
                return loss;
            };
            optimizer.TaskStep([Task(1, 0), Task(-0.5, -1)], GradientAggregator.PcGrad, together).Dispose();
            return weight.grad!.ReadAll<double>().Single();
        }

        Assert.Equal(1, FinalOf(together: false), 9);
        Assert.Equal(1.5, FinalOf(together: true), 9);
    }

    [Fact]
    public void A_parameter_of_one_task_gets_its_gradient_as_it_is()
    {
        static Parameter Of(double value) => new(tensor(new[] { value }));
        var (shared, head, other) = (Of(1), Of(2), Of(3));
        using var optimizer = optim.SGD([shared, head, other], 0).WithSharpnessAwareness(0);
        Func<Tensor> Task(Parameter own) => () =>
        {
            var loss = (shared * own).sum();
            loss.backward();
            return loss;
        };
        optimizer.TaskStep([Task(head), Task(other)], GradientAggregator.Mean).Dispose();
        Assert.Equal([2.5, 1, 1], new[] { shared, head, other }.Select(parameter => parameter.grad!.ReadAll<double>().Single()));
        Assert.False(optimizer.LastStep.Perturbed);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void It_goes_on_from_a_checkpoint_and_leaves_no_tensors(string name)
    {
        void Step(SharpnessAwareOptimizer optimizer, Problem problem, int t) => optimizer.TaskStep(
            [() => problem.Backward(t), () => problem.Backward(t + 1), () => problem.Backward(t + 2)], Aggregators[name]).Dispose();
        SharpnessAwareOptimizer Wrap(Problem problem) => optim.SGD(problem.Parameters, 0.1, momentum: 0.9).WithSharpnessAwareness(0.1);
        Resume.EqualsUninterrupted(Wrap, Step);
        Resume.LeavesNoTensors(Wrap, Step);
    }

    /// <summary>The scale is a power of two and is gone before gradients are aggregated.</summary>
    [Fact]
    public void A_scaled_loss_makes_the_same_steps()
    {
        double[] Train(LossScaler? scaler)
        {
            using var problem = new Problem();
            using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(new SharpnessAwareOptions
            {
                Rho = 0.1,
                LossScaler = scaler,
            });
            Func<Tensor> Task(int batch) => () =>
            {
                var loss = problem.Loss(Problem.Batch(problem.X, batch), Problem.Batch(problem.Y, batch));
                optimizer.Backward(loss);
                return loss;
            };
            for (var t = 0; t < 3; t++) optimizer.TaskStep([Task(t), Task(t + 1)], GradientAggregator.CaGrad()).Dispose();
            return problem.Weights().ReadAll<double>();
        }

        Assert.Equal(Train(null), Train(new LossScaler()));
    }

    [Fact]
    public void A_task_that_is_not_finite_skips_the_step()
    {
        using var problem = new Problem();
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(0.1);
        var before = problem.Weights();
        Tensor Broken()
        {
            var loss = problem.Loss(problem.X, problem.Y).Times(double.NaN);
            loss.backward();
            return loss;
        }
        foreach (var aggregator in Aggregators.Values) optimizer.TaskStep([() => problem.Backward(), Broken], aggregator).Dispose();
        Close.Bits(before, problem.Weights());
        Assert.Equal(Aggregators.Count, optimizer.LastStep.SkippedSteps);
    }

    [Fact]
    public void What_cannot_be_is_refused_and_nothing_moves()
    {
        using var problem = new Problem();
        var before = problem.Weights();
        SharpnessAwareOptimizer With(SharpnessAwareOptions recipe) => optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(recipe);
        Func<Tensor> task = () => problem.Backward();
        using (var sam = With(Recipe.Sam()))
        {
            Assert.Contains("no task", Assert.Throws<ArgumentException>(() => sam.TaskStep([])).Message, StringComparison.Ordinal);
            Assert.Contains("1 coefficients for 2 tasks", Assert.Throws<InvalidOperationException>(() =>
                sam.TaskStep([task, task], GradientAggregator.From(_ => [1]))).Message, StringComparison.Ordinal);
            Assert.Throws<ThrownByTest>(() => sam.TaskStep([task, () => throw new ThrownByTest()]));
            Assert.Throws<ArgumentOutOfRangeException>(() => GradientAggregator.CaGrad(-1));
        }
        using (var vasso = With(Recipe.Vasso()))
        {
            Assert.Contains("keeps a history", Assert.Throws<InvalidOperationException>(() => vasso.TaskStep([task])).Message,
                StringComparison.Ordinal);
        }
        using (var random = With(Recipe.RandSam()))
        {
            Assert.Contains("RandomDirection does not take", Assert.Throws<InvalidOperationException>(() => random.TaskStep([task])).Message,
                StringComparison.Ordinal);
            Close.Bits(before, problem.Weights());
            random.TaskStep([task], together: true).Dispose();
        }
        Assert.NotEqual(before.ReadAll<double>(), problem.Weights().ReadAll<double>());
    }
}
