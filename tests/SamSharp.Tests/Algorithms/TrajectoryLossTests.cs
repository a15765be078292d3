using SamSharp.Tests.Support;

namespace SamSharp.Tests.Algorithms;

/// <summary>The losses of SAF and MESA, and SAF's memory.</summary>
[TensorScope]
public class TrajectoryLossTests
{
    /// <summary>Two classes at temperature 2: p = sigmoid(ln 3) = 3/4 from logits (2 ln 3, 0), q = 1/2. KL = 3/4 ln(3/2) + 1/4 ln(1/2);
    /// times 0.5 * 4.</summary>
    [Fact]
    public void A_value_by_hand()
    {
        var current = zeros(1, 2, dtype: float64);
        var earlier = tensor(new[] { 2 * Math.Log(3), 0 }, [1, 2]);
        using var loss = Objectives.Trajectory(current, earlier, weight: 0.5, temperature: 2);
        Assert.Equal(2 * ((0.75 * Math.Log(1.5)) + (0.25 * Math.Log(0.5))), loss.item<double>(), 12);
    }

    /// <summary>The gradient is weight temperature (q - p) / examples, q the current and p the earlier softmax; none flows to the earlier
    /// logits.</summary>
    [Fact]
    public void The_gradient_is_the_difference_of_the_softened_predictions()
    {
        using var generator = new Generator(3);
        var current = randn([4, 3], float64, generator: generator).requires_grad_();
        var earlier = randn([4, 3], float64, generator: generator).requires_grad_();
        Objectives.Trajectory(current, earlier, 0.3).backward();
        Close.To((current.detach().Over(5).softmax(-1) - earlier.detach().Over(5).softmax(-1)).Times(0.3 * 5 / 4), current.grad!);
        Assert.Null(earlier.grad);
    }

    [Fact]
    public void With_weight_0_or_equal_logits_the_base_gradient_is_left()
    {
        using var generator = new Generator(3);
        var logits = randn([4, 3], float64, generator: generator).requires_grad_();
        Objectives.Trajectory(logits, logits).backward();
        Close.To(zeros_like(logits), logits.grad!, 1e-15);
        Assert.Equal(0, Objectives.Trajectory(logits, -logits, weight: 0).item<double>());
        Assert.Throws<ArgumentOutOfRangeException>(() => Objectives.Trajectory(logits, logits, temperature: 0));
        Assert.Throws<ArgumentException>(() => Objectives.Trajectory(logits, logits[0]));
    }

    [Fact]
    public void Mesa_takes_its_target_from_the_averaged_weights()
    {
        using var problem = new Problem();
        using var average = WeightAverage.Exponential(problem.Model, 0.5);
        using var optimizer = optim.SGD(problem.Parameters, 0.5).WithSharpnessAwareness();
        double Term()
        {
            using var scope = NewDisposeScope();
            Tensor earlier;
            using (no_grad())
            using (average.SwapIn()) earlier = problem.Model.forward(problem.X);
            return Objectives.Trajectory(problem.Model.forward(problem.X), earlier, Objectives.MesaWeight).item<double>();
        }

        Assert.Equal(0, Term(), 12);
        optimizer.Step(() => problem.Backward()).Dispose();
        Assert.True(Term() > 1e-6);
    }

    [Fact]
    public void The_history_gives_the_same_example_s_logits_of_some_epochs_ago()
    {
        using var history = new LogitHistory(examples: 5, epochs: 2);
        Tensor Logits(int epoch) => ScalarArithmetic.Range(5, dtype: float64).unsqueeze(1).Plus(tensor(new[] { 10.0 * epoch, 100.0 * epoch }));
        var order = tensor(new long[] { 3, 0, 4, 1 });
        for (var epoch = 0; epoch < 7; epoch++)
        {
            // Example 2 is never seen, and example 1 not in epoch 3.
            var rows = epoch == 3 ? order.narrow(0, 0, 3) : order;
            var current = Logits(epoch).index_select(0, rows);
            var expected = Logits(epoch < 2 ? epoch : epoch - 2).index_select(0, rows);
            if (epoch == 5) expected[3].copy_(current[3]);
            Close.To(expected, history.Recall(epoch, rows, current), 0);
            history.Store(epoch, rows, current);
            Close.To(expected, history.Recall(epoch, rows, current), 0);
        }
        var never = tensor(new long[] { 2 });
        var own = Logits(7).index_select(0, never);
        Close.To(own, history.Recall(7, never, own), 0);
    }

    [Fact]
    public void The_history_goes_on_from_what_was_saved()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        var (rows, logits) = (tensor(new long[] { 0, 1 }), randn([2, 3], generator: generator));
        using LogitHistory first = new(2, 1), second = new(2, 1), other = new(3, 1);
        Assert.Empty(first.StateDictionary());
        first.Store(0, rows, logits);
        using (NewDisposeScope()) second.Load(first.StateDictionary());
        Close.Bits(logits, second.Recall(1, rows, logits.Times(2)));
        Assert.Throws<ArgumentException>(() => other.Load(first.StateDictionary()));
        Assert.Throws<ArgumentException>(() => second.Recall(1, rows, randn(2, 4)));
        Assert.Throws<ArgumentException>(() => second.Store(1, rows, randn(3, 3)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new LogitHistory(0));
    }

    [Fact]
    public void Storing_leaves_no_tensors_and_outlives_a_scope()
    {
        using var generator = new Generator(3);
        var (rows, logits) = (tensor(new long[] { 0, 1 }), randn([2, 3], generator: generator));
        using var history = new LogitHistory(2);
        using (NewDisposeScope()) history.Store(0, rows, logits);
        var alive = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (var epoch = 1; epoch < 9; epoch++)
        {
            history.Recall(epoch, rows, logits).Dispose();
            history.Store(epoch, rows, logits);
        }
        Assert.Equal(alive, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }
}
