using SamSharp.Optimizers;
using SamSharp.Steps;
using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.Wrapper;

/// <summary>What a step asks of the other processes, and what it makes of their answers.</summary>
[TensorScope]
[Collection(GlobalRandomNumbers.Name)]
public class ExchangeTests
{
    public static TheoryData<string> Recipes() => new(AllRecipes.Names);

    /// <summary>Alone in its group, a step is the step without one, bit for bit, whatever the recipe.</summary>
    [Theory]
    [MemberData(nameof(Recipes))]
    public void Alone_it_changes_nothing(string recipe)
    {
        using var alone = new Problem(batchNorm: true);
        using var peers = new Problem(batchNorm: true);
        using var first = Wrap(recipe, alone, null);
        using var second = Wrap(recipe, peers, new Given());
        for (var t = 0; t < 4; t++)
        {
            first.Step(() => alone.Backward(t)).Dispose();
            second.Step(() => peers.Backward(t)).Dispose();
            Assert.Equal(first.LastStep.ToString(), second.LastStep.ToString());
        }
        Close.Bits(alone.Weights(), peers.Weights());
    }

    [Fact]
    public void The_base_optimizer_gets_the_mean_and_the_report_the_mean_losses()
    {
        using var problem = new Problem();
        using var optimizer = Sgd(problem, Recipe.Sam(0.3), new Given
        {
            Averages = (tensors, numbers) =>
            {
                foreach (var tensor in tensors) Fill(tensor, 0.5);
                using var losses = numbers.narrow(0, 1, 2);
                losses.copy_(torch.tensor([7.0, 9.0]));
            },
        });
        var before = problem.Weights();
        optimizer.Step(() => problem.Backward()).Dispose();
        Close.To(before.Minus(0.05), problem.Weights());
        Assert.Equal((7, 9, 2), (optimizer.LastStep.Loss, optimizer.LastStep.PerturbedLoss, optimizer.LastStep.Sharpness));
    }

    /// <summary>Numbers that are not finite elsewhere skip the step here, and those here are told.</summary>
    [Theory]
    [InlineData(false, "SGD", "Vasso")]
    [InlineData(true, "SGD", "Vasso")]
    [InlineData(false, "FusedSGD", "LookSam")]
    [InlineData(true, "FusedSGD", "LookSam")]
    public void A_step_that_one_skips_is_skipped_by_all(bool here, string baseName, string recipe)
    {
        using var problem = new Problem();
        var told = double.NaN;
        var skips = false;
        var exchange = new Given
        {
            Averages = (tensors, numbers) =>
            {
                if (!skips) return;
                told = numbers[0].Value();
                foreach (var tensor in tensors) tensor.nan_to_num_(0, 0, 0);
                numbers.nan_to_num_(0, 0, 0);
                Fill(numbers[0], 0.5); // one of two
            },
        };
        using var optimizer = new SharpnessAwareOptimizer(
            baseName == "SGD" ? optim.SGD(problem.Parameters, 0.1, momentum: 0.9) : new FusedSGD(problem.Parameters, 0.1, momentum: 0.9),
            (recipe == "Vasso" ? Recipe.Vasso() : Recipe.LookSam(k: 1)) with { Exchange = exchange });
        optimizer.Step(() => problem.Backward()).Dispose();
        var before = problem.Weights();
        var history = History(optimizer).Select(tensor => tensor.clone()).ToArray();
        Assert.NotEmpty(history);
        skips = true;
        optimizer.Step(() => here ? NotFinite(problem) : problem.Backward(1)).Dispose();
        Close.Bits(before, problem.Weights());
        foreach (var (expected, actual) in history.Zip(History(optimizer))) Close.Bits(expected, actual);
        Assert.True(optimizer.LastStep.Skipped);
        Assert.Equal(1, optimizer.LastStep.SkippedSteps);
        Assert.Equal(here ? 1 : 0, told);
    }

    /// <summary>A parameter that had a gradient elsewhere is moved here, too; one that had none anywhere is not touched.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_gradient_that_is_missing_here_counts_as_zeros(bool hasOneElsewhere)
    {
        using var problem = new Problem();
        using var unused = new Parameter(ones(3, dtype: float64));
        using var optimizer = new SharpnessAwareOptimizer(optim.SGD([.. problem.Parameters, unused], 0.1, weight_decay: 0.5), Recipe.Sam() with
        {
            Exchange = new Given
            {
                Averages = (tensors, numbers) =>
                {
                    Assert.Equal(4, tensors.Count);
                    if (!hasOneElsewhere) return;
                    Fill(tensors[3], 2);
                    Fill(numbers[^1], 0.5);
                },
            },
        });
        optimizer.Step(() => problem.Backward()).Dispose();
        Assert.Equal(hasOneElsewhere ? 1 - (0.1 * (2 + 0.5)) : 1, unused[0].Value(), 12);
    }

    /// <summary>What is not finite in a gradient that only other processes had is found here, too.</summary>
    [Fact]
    public void A_gradient_from_elsewhere_is_checked()
    {
        using var problem = new Problem();
        using var unused = new Parameter(ones(3, dtype: float64));
        using var optimizer = new SharpnessAwareOptimizer(optim.SGD([.. problem.Parameters, unused], 0.1), Recipe.Sam() with
        {
            Exchange = new Given
            {
                Averages = (tensors, numbers) =>
                {
                    Fill(tensors[3], double.PositiveInfinity);
                    Fill(numbers[^1], 0.5);
                },
            },
        });
        optimizer.Step(() => problem.Backward()).Dispose();
        Assert.True(optimizer.LastStep.Skipped);
    }

    /// <summary>Gradients are averaged once per step, and once more for each ascent that is synchronized: then the weights move
    /// along the mean.</summary>
    [Theory]
    [InlineData(false, 1, 1)]
    [InlineData(true, 1, 2)]
    [InlineData(true, 3, 4)]
    public void Ascents_are_synchronized_by_choice(bool synchronizes, int ascents, int calls)
    {
        using var problem = new Problem();
        var made = 0;
        var points = new List<Tensor>();
        using var optimizer = Sgd(problem, Recipe.Sam(0.3) with { AscentSteps = ascents }, new Given
        {
            SynchronizesAscent = synchronizes,
            Averages = (tensors, _) =>
            {
                if (made++ == 0 && synchronizes) foreach (var tensor in tensors) Fill(tensor, 1);
            },
        });
        var start = problem.Weights();
        optimizer.Step(() =>
        {
            points.Add(problem.Weights());
            return problem.Backward();
        }).Dispose();
        Assert.Equal(calls, made);
        var moved = points[1] - start;
        if (synchronizes) Close.To(All(start, 0.3 / Math.Sqrt(start.NumberOfElements)), moved);
        else Assert.False(moved.allclose(All(start, 0.3 / Math.Sqrt(start.NumberOfElements))));
    }

    /// <summary>What a combiner does after the base step is averaged, too; otherwise the copies of the model would part.</summary>
    [Fact]
    public void What_a_combiner_moves_after_the_step_is_averaged()
    {
        using var problem = new Problem();
        var calls = new List<int>();
        using var optimizer = Sgd(problem, Recipe.Wsam(), new Given
        {
            Averages = (tensors, _) =>
            {
                calls.Add(tensors.Count);
                if (calls.Count == 2) foreach (var tensor in tensors) Fill(tensor, 4);
            },
        });
        optimizer.Step(() => problem.Backward()).Dispose();
        Assert.Equal([3, 3], calls);
        Close.To(All(problem.Weights(), 4), problem.Weights());
    }

    /// <summary>Two processes with one part each draw what two parts of one process draw.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Draws_differ_by_process(int rank)
    {
        using var problem = new Problem();
        using var parts = new Problem();
        var points = new List<Tensor>();
        var expected = new List<Tensor>();
        using var one = Sgd(parts, Recipe.RandSam(), null);
        using var optimizer = Sgd(problem, Recipe.RandSam(), new Given { Rank = rank, Size = 2 });
        optimizer.Step(() => Noted(problem, points)).Dispose();
        one.Step([new(() => Noted(parts, expected)), new(() => Noted(parts, expected))]).Dispose();
        Close.Bits(expected[rank * expected.Count / 2], points[0]);
    }

    [Fact]
    public void Processes_in_different_steps_are_told_so()
    {
        using var problem = new Problem();
        using var optimizer = Sgd(problem, Recipe.Sam(), new Given { Averages = (_, numbers) => numbers[3].IncreaseBy(1.5) });
        var before = problem.Weights();
        var error = Assert.Throws<InvalidOperationException>(() => optimizer.Step(() => problem.Backward()));
        Assert.Contains("same place", error.Message, StringComparison.Ordinal);
        Close.Bits(before, problem.Weights());
        Assert.Equal(0, optimizer.LastStep.Step);
    }

    /// <summary>Gradient is this process's own; Apply averages.</summary>
    [Fact]
    public void Apply_averages()
    {
        using var problem = new Problem();
        var calls = 0;
        using var optimizer = Sgd(problem, Recipe.Sam(), new Given { Averages = (_, _) => calls++ });
        optimizer.Gradient(() => problem.Backward()).Dispose();
        Assert.Equal(0, calls);
        optimizer.Apply();
        Assert.Equal(1, calls);
        problem.Backward().Dispose();
        optimizer.Ascend();
        problem.Backward().Dispose();
        optimizer.Descend();
        Assert.Equal(2, calls);
    }

    [Fact]
    public void It_leaves_no_tensors() => Resume.LeavesNoTensors(problem => Sgd(problem, Recipe.Vasso(), new Given()));

    private static SharpnessAwareOptimizer Wrap(string recipe, Problem problem, IGradientExchange? exchange)
    {
        var options = AllRecipes.Named(recipe, problem) with { Exchange = exchange };
        try
        {
            return new SharpnessAwareOptimizer(optim.SGD(problem.Parameters, 0.05, momentum: 0.9), options);
        }
        catch (ArgumentException)
        {
            return new SharpnessAwareOptimizer(optim.AdamW(problem.Parameters, 0.05), options);
        }
    }

    private static SharpnessAwareOptimizer Sgd(Problem problem, SharpnessAwareOptions options, IGradientExchange? exchange) =>
        new(optim.SGD(problem.Parameters, 0.1), options with { Exchange = exchange });

    private static IEnumerable<Tensor> History(SharpnessAwareOptimizer optimizer) =>
        optimizer.Memory.All.SelectMany(part => part.Memory.Tensors).SelectMany(named => named.Tensors).Select(entry => entry.Tensor);

    private static void Fill(Tensor tensor, double value) => tensor.zero_().IncreaseBy(value);

    private static Tensor All(Tensor like, double value) => zeros_like(like).IncreaseBy(value);

    private static Tensor Noted(Problem problem, List<Tensor> points)
    {
        points.Add(problem.Weights());
        return problem.Backward();
    }

    private static Tensor NotFinite(Problem problem)
    {
        using var loss = problem.Loss(problem.X, problem.Y);
        var infinite = loss.Times(double.PositiveInfinity);
        infinite.backward();
        return infinite;
    }

    /// <summary>A group whose other processes do what a test says.</summary>
    private sealed class Given : IGradientExchange
    {
        public int Rank { get; init; }

        public int Size { get; init; } = 1;

        public bool SynchronizesAscent { get; init; }

        public Action<IReadOnlyList<Tensor>, Tensor> Averages { get; init; } = (_, _) => { };

        public void Average(IReadOnlyList<Tensor> tensors, Tensor numbers) => Averages(tensors, numbers);
    }
}
