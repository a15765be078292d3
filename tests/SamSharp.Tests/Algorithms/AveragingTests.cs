using SamSharp.Tests.Support;

namespace SamSharp.Tests.Algorithms;

/// <summary>Averages of weights, and slow weights.</summary>
[TensorScope]
public class AveragingTests
{
    [Fact]
    public void Uniform_averages_are_means_and_exponential_ones_forget()
    {
        using var model = nn.Linear(1, 1, dtype: float64);
        using var uniform = WeightAverage.Uniform(model);
        using var exponential = WeightAverage.Exponential(model, 0.75);
        var expected = model.weight.item<double>();
        foreach (var value in new[] { 1.0, 4, 7 })
        {
            using (no_grad()) model.weight.Fill(value);
            uniform.Update();
            exponential.Update();
            expected = (0.75 * expected) + (0.25 * value);
        }
        using (uniform.SwapIn()) Assert.Equal(4, model.weight.item<double>(), 12);
        using (exponential.SwapIn()) Assert.Equal(expected, model.weight.item<double>(), 12);
        Assert.Equal(7, model.weight.item<double>());
        Assert.Equal(3, uniform.Count);
    }

    [Fact]
    public void Swapping_in_and_out_leaves_every_bit_of_weights_and_statistics()
    {
        using var problem = new Problem(batchNorm: true);
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness();
        using var average = WeightAverage.Uniform(problem.Model);
        for (var t = 0; t < 3; t++)
        {
            optimizer.Step(() => problem.Backward(t)).Dispose();
            average.Update();
        }
        var (weights, buffers) = (problem.Weights(), problem.Model.buffers().Select(b => b.clone()).ToArray());
        using (average.SwapIn())
        {
            Assert.False(weights.allclose(problem.Weights()));
            average.RefreshStatistics(Enumerable.Range(0, 4), t => problem.Model.forward(Problem.Batch(problem.X, t)));
            Assert.Contains(problem.Model.buffers().Zip(buffers), pair => !pair.First.allclose(pair.Second));
            Assert.Throws<InvalidOperationException>(average.Update);
            Assert.Throws<InvalidOperationException>(average.SwapIn);
        }
        Close.Bits(weights, problem.Weights());
        foreach (var (now, then) in problem.Model.buffers().Zip(buffers)) Close.Bits(then, now);
        Assert.Throws<InvalidOperationException>(() => average.RefreshStatistics([1], _ => zeros(1)));
    }

    [Fact]
    public void Applied_averages_stay()
    {
        using var scope = NewDisposeScope();
        var model = nn.Linear(2, 1);
        using var noGradient = no_grad();
        model.weight.copy_(ones(1, 2));
        using var average = WeightAverage.Uniform(model);
        average.Update();
        model.weight.copy_(ones(1, 2).Times(4));
        average.Update();
        using (average.SwapIn()) Assert.Throws<InvalidOperationException>(average.Apply);
        Assert.Equal([4, 4], model.weight.data<float>().ToArray());
        average.Apply();
        Assert.Equal([2.5f, 2.5f], model.weight.data<float>().ToArray());
    }

    [Fact]
    public void Refreshed_statistics_are_the_means_over_the_batches()
    {
        using var norm = nn.BatchNorm1d(2, dtype: float64);
        norm.momentum = 0.3;
        using var average = WeightAverage.Uniform(norm);
        using var generator = new Generator(5);
        var batches = Enumerable.Range(0, 3).Select(_ => randn([8, 2], dtype: float64, generator: generator)).ToArray();
        norm.eval();
        using (average.SwapIn())
        {
            average.RefreshStatistics(batches, norm.forward);
            Close.To(stack(batches.Select(b => b.mean([0]))).mean([0]), norm.running_mean!, 1e-12);
        }
        Assert.Equal(0.3, norm.momentum);
        Assert.False(norm.training);
    }

    [Fact]
    public void A_refresh_that_fails_leaves_the_statistics_as_they_were()
    {
        using var problem = new Problem(batchNorm: true);
        problem.Backward().Dispose();
        using var average = WeightAverage.Uniform(problem.Model);
        using (average.SwapIn())
        {
            var before = problem.Model.buffers().Select(buffer => buffer.clone()).ToArray();
            Assert.Throws<ThrownByTest>(() => average.RefreshStatistics(Enumerable.Range(0, 3),
                t => t < 2 ? problem.Model.forward(Problem.Batch(problem.X, t)) : throw new ThrownByTest()));
            foreach (var (now, then) in problem.Model.buffers().Zip(before)) Close.Bits(then, now);
            Assert.Equal(0.1, problem.Model.Norm.momentum);
        }
    }

    [Fact]
    public void Averages_go_on_from_where_they_were_saved()
    {
        using var model = nn.Linear(3, 2, dtype: float64);
        using var first = WeightAverage.Uniform(model);
        first.Update();
        using (no_grad()) model.weight.IncreaseBy(1);
        var saved = first.StateDictionary();
        using var second = WeightAverage.Uniform(model);
        second.Load(saved, first.Count);
        first.Update();
        second.Update();
        foreach (var (name, value) in first.StateDictionary()) Close.Bits(value, second.StateDictionary()[name]);
        Assert.Throws<ArgumentException>(() => second.Load(new Dictionary<string, Tensor>(), 1));
    }

    [Fact]
    public void One_inner_step_all_the_way_is_SAM_and_none_of_the_way_leaves_the_weights()
    {
        var expected = After(optimizer => closure => optimizer.Step(closure), out _);
        Close.To(expected, After(optimizer => new Lookbehind(optimizer, 1, 1).Step, out _), 1e-12);
        Assert.False(expected.allclose(After(optimizer => new Lookbehind(optimizer, 2, 1).Step, out _)));
        Close.Bits(new Problem().Weights(), After(optimizer => new Lookbehind(optimizer, 2, 0).Step, out var steps));
        Assert.Equal(6, steps);
    }

    [Fact]
    public void Lookbehind_goes_back_to_the_start_when_it_fails()
    {
        using var problem = new Problem();
        var before = problem.Weights();
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness();
        using var lookbehind = new Lookbehind(optimizer, 2);
        var passes = 0;
        Assert.Throws<ThrownByTest>(() => lookbehind.Step(() => ++passes == 4 ? throw new ThrownByTest() : problem.Backward()));
        Close.Bits(before, problem.Weights());
    }

    private static Tensor After(Func<SharpnessAwareOptimizer, Func<Func<Tensor>, Tensor>> step, out long steps)
    {
        using var problem = new Problem();
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(0.2);
        var run = step(optimizer);
        for (var t = 0; t < 3; t++) run(() => problem.Backward(t)).Dispose();
        steps = optimizer.LastStep.Step;
        return problem.Weights();
    }
}
