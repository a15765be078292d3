using SamSharp.Tests.Support;

namespace SamSharp.Tests.Algorithms;

/// <summary>Passes over some of the examples: ESAM, K-SAM, your own weights.</summary>
[TensorScope]
public class ExampleTests
{
    [Fact]
    public void All_examples_and_all_tensors_are_SAM()
    {
        var expected = After((problem, optimizer, t) => optimizer.Step(() => problem.Backward(t)));
        Close.To(expected, After((problem, optimizer, t) => new EfficientSam(optimizer, 1, 1).Step(rows => Losses(problem, t, rows))), 1e-12);
        Close.To(expected, After((problem, optimizer, t) => optimizer.Step(rows => Losses(problem, t, rows), new LargestLoss(8))), 1e-12);
        Close.To(expected, After((problem, optimizer, t) => optimizer.Step(rows => Losses(problem, t, rows), new LargestRise(1))), 1e-12);
        Close.To(expected, After((problem, optimizer, t) =>
            optimizer.Step(rows => Losses(problem, t, rows), new WeightedAscent(losses => losses.FullLike(3)))), 1e-12);
    }

    [Fact]
    public void Fewer_examples_are_another_step()
    {
        var expected = After((problem, optimizer, t) => optimizer.Step(() => problem.Backward(t)));
        foreach (var rule in new IExampleRule[] { new LargestLoss(3), new LargestRise(0.5), new WeightedAscent(losses => losses.Squared()) })
            Assert.False(expected.allclose(After((problem, optimizer, t) => optimizer.Step(rows => Losses(problem, t, rows), rule))),
                $"{rule.GetType().Name} is SAM");
    }

    [Theory]
    [InlineData(0.5, false, 4)]
    [InlineData(0.5, true, 3)]
    [InlineData(0.01, true, 1)]
    public void The_examples_whose_losses_rise_most_are_kept(double share, bool aboveCutoff, int count)
    {
        var losses = zeros(8, float64);
        var perturbed = tensor(new double[] { 3, 1, 4, 1.5, 5, 9, 2, 6 });
        var rows = new LargestRise(share, aboveCutoff).ForDescent(losses, perturbed).Rows!;
        Assert.Equal(new long[] { 5, 7, 4, 2 }.Take(count), rows.data<long>().ToArray());
    }

    [Fact]
    public void K_SAM_takes_the_largest_losses_for_both_passes_and_looks_once()
    {
        using var problem = new Problem();
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness();
        var calls = new List<long[]?>();
        using var largest = Losses(problem, 0, null).topk(3).indexes;
        optimizer.Step(rows =>
        {
            calls.Add(rows?.data<long>().ToArray());
            return Losses(problem, 0, rows);
        }, new LargestLoss(3)).Dispose();
        var expected = largest.data<long>().ToArray();
        Assert.Equal([null, expected, expected], calls);
    }

    [Fact]
    public void A_plain_step_is_made_on_all_examples()
    {
        using var problem = new Problem();
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(Recipe.IntervalSam(2));
        var calls = new List<Tensor?>();
        optimizer.Step(rows =>
        {
            calls.Add(rows);
            return Losses(problem, 0, rows);
        }, new LargestRise(0.5)).Dispose();
        Assert.Null(Assert.Single(calls));
    }

    [Fact]
    public void Tensors_that_are_not_drawn_keep_their_bits_and_the_others_move_further()
    {
        using var problem = new Problem();
        var before = problem.Parameters.Select(p => p.detach().clone()).ToArray();
        var perturbed = before;
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(0.1);
        var passes = 0;
        new EfficientSam(optimizer, beta: 0.5, gamma: 1, draws: (_, slot) => slot.Index == 1).Step(rows =>
        {
            if (++passes == 2) perturbed = problem.Parameters.Select(p => p.detach().clone()).ToArray();
            return Losses(problem, 0, rows);
        }).Dispose();
        for (var i = 0; i < before.Length; i++)
        {
            if (i == 1) Assert.Equal(0.2, (perturbed[i] - before[i]).norm().item<double>(), 9);
            else Close.Bits(before[i], perturbed[i]);
        }
        Assert.All(problem.Parameters, p => Assert.True(p.requires_grad && p.grad is not null));
    }

    [Fact]
    public void Parameters_require_gradients_again_after_a_failure()
    {
        using var problem = new Problem();
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness();
        Assert.Throws<ThrownByTest>(() => new EfficientSam(optimizer, draws: (_, slot) => slot.Index == 0).Step(_ => throw new ThrownByTest()));
        Assert.All(problem.Parameters, p => Assert.True(p.requires_grad));
    }

    [Fact]
    public void Losses_that_are_no_vector_are_refused()
    {
        using var problem = new Problem();
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness();
        Assert.Contains("reduction", Assert.Throws<ArgumentException>(() =>
            optimizer.Step(_ => problem.Loss(problem.X, problem.Y), new LargestLoss(2))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void No_tensor_is_left_behind()
    {
        using var problem = new Problem();
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness();
        var efficient = new EfficientSam(optimizer);
        // Buffers are made for each parameter when it is first drawn.
        for (var t = 0; t < 20; t++) efficient.Step(rows => Losses(problem, t, rows)).Dispose();
        var alive = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (var t = 0; t < 5; t++) efficient.Step(rows => Losses(problem, t, rows)).Dispose();
        Assert.Equal(alive, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private static Tensor Losses(Problem problem, int step, Tensor? rows)
    {
        using var scope = NewDisposeScope();
        var (x, y) = (Problem.Batch(problem.X, step), Problem.Batch(problem.Y, step));
        if (rows is not null) (x, y) = (x.index_select(0, rows), y.index_select(0, rows));
        return nn.functional.cross_entropy(problem.Model.forward(x), y, reduction: nn.Reduction.None).MoveToOuterDisposeScope();
    }

    private static Tensor After(Func<Problem, SharpnessAwareOptimizer, int, Tensor> step)
    {
        using var problem = new Problem();
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(0.2);
        for (var t = 0; t < 3; t++) step(problem, optimizer, t).Dispose();
        return problem.Weights();
    }
}
