using SamSharp.Tests.Support;

namespace SamSharp.Tests.Algorithms;

/// <summary>Single weights that stay: FSAM and Sparse SAM.</summary>
[TensorScope]
public class MaskTests
{
    [Fact]
    public void One_of_two_weights_stays_on_the_quadratic()
    {
        var quadratic = new Quadratic();
        using var optimizer = optim.SGD([quadratic.W], 0.1).WithSharpnessAwareness(Recipe.FisherMaskSam(0.1, keep: 0.5));
        optimizer.Step(quadratic.Backward).Dispose();
        Close.To([1.083205029, -0.5], quadratic.Points[1], 1e-7);
        Close.To([1.666410059, -0.916794971], quadratic.FinalGradient, 1e-7);
    }

    [Theory]
    [InlineData(0.1)]
    [InlineData(0.37)]
    public void The_share_of_weights_that_move_is_rounded_up(double keep)
    {
        using var problem = new Problem();
        var moved = Moved(problem, Recipe.FisherMaskSam(0.1, keep), 1)[0];
        Assert.Equal((long)Math.Ceiling(keep * moved.numel()), moved.sum().item<long>());
    }

    [Fact]
    public void Keeping_all_or_sparing_none_is_SAM()
    {
        var expected = After(new SharpnessAwareOptions { Rho = 0.1, Geometry = new EuclideanGeometry(1e-7) });
        Close.To(expected, After(Recipe.FisherMaskSam(0.1, keep: 1)), 1e-14);
        Close.To(expected, After(Recipe.SparseSam(0, 0.1)), 1e-14);
        Close.To(expected, After(Recipe.DynamicSparseSam(4, 1, 0.1, sparsity: 0)), 1e-14);
        Assert.False(expected.allclose(After(Recipe.FisherMaskSam(0.1))));
    }

    [Fact]
    public void A_mask_serves_its_interval()
    {
        using var problem = new Problem();
        var moved = Moved(problem, Recipe.FisherMaskSam(0.1, 0.2, interval: 2), 4);
        Close.Bits(moved[0], moved[1]);
        Close.Bits(moved[2], moved[3]);
        Assert.False(moved[1].eq(moved[2]).all().item<bool>());
    }

    [Fact]
    public void Parameters_left_out_of_the_mask_move_whole()
    {
        using var problem = new Problem();
        var moved = Moved(problem, Recipe.FisherMaskSam(0.1, 0.01, masks: slot => slot.Parameter.dim() > 1), 1)[0];
        var vectors = problem.Parameters.Where(p => p.dim() == 1).Sum(p => p.numel());
        var others = problem.Parameters.Where(p => p.dim() > 1).Sum(p => p.numel());
        Assert.Equal(vectors + (long)Math.Ceiling(0.01 * others), moved.sum().item<long>());
    }

    [Theory]
    [InlineData(0.2)]
    [InlineData(0.5)]
    [InlineData(0.9)]
    public void The_population_of_a_dynamic_mask_is_constant_and_its_members_change(double sparsity)
    {
        using var problem = new Problem();
        var moved = Moved(problem, Recipe.DynamicSparseSam(4, 1, 0.1, sparsity), 5);
        var population = (long)Math.Floor(moved[0].numel() * (1 - sparsity));
        Assert.Equal(population, moved[0].sum().item<long>());
        // Rounding down twice may lose one.
        Assert.All(moved, m => Assert.InRange(m.sum().item<long>(), population - 1, population));
        Assert.False(moved[0].eq(moved[1]).all().item<bool>());
    }

    [Fact]
    public void A_sample_mask_is_that_of_the_largest_squared_gradients()
    {
        var quadratic = new Quadratic();
        using var optimizer = optim.SGD([quadratic.W], 0.1).WithSharpnessAwareness(Recipe.SparseSam(0.5, 0.1));
        SampleFisherMask.Refresh(optimizer, [quadratic.Backward, () => quadratic.Backward(2)]);
        Assert.Null(quadratic.W.grad);
        Close.To([1, 0], optimizer.Memory.All.Single().Memory.Find("mask", optimizer.Parameters[0])!.data<double>().ToArray(), 0);
        quadratic.Points.Clear();
        optimizer.Step(quadratic.Backward).Dispose();
        Close.To([1.083205029, -0.5], quadratic.Points[1], 1e-7);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Resumed_equals_uninterrupted(int which)
    {
        SharpnessAwareOptions Make() => which == 0 ? Recipe.FisherMaskSam(0.1, 0.2, interval: 3) : Recipe.DynamicSparseSam(8, 2, 0.1);
        using var whole = new Problem();
        using var first = optim.SGD(whole.Parameters, 0.1).WithSharpnessAwareness(Make());
        Train(first, whole, 0, 4);
        using var stream = new MemoryStream();
        first.save_state_dict(new BinaryWriter(stream));
        using var resumed = new Problem();
        foreach (var (to, from) in resumed.Parameters.Zip(whole.Parameters)) using (no_grad()) to.copy_(from);
        using var second = optim.SGD(resumed.Parameters, 0.1).WithSharpnessAwareness(Make());
        stream.Position = 0;
        second.load_state_dict(new BinaryReader(stream));
        Train(first, whole, 4, 8);
        Train(second, resumed, 4, 8);
        Close.Bits(whole.Weights(), resumed.Weights());
    }

    [Fact]
    public void Shares_out_of_range_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new FisherMask(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new FisherMask(1.1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SampleFisherMask(1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new DynamicMask(1, 1, Drop: 2));
    }

    [Fact]
    public void No_tensor_is_left_behind()
    {
        using var problem = new Problem();
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(Recipe.DynamicSparseSam(8, 1, 0.1));
        Train(optimizer, problem, 0, 2);
        var alive = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Train(optimizer, problem, 2, 8);
        Assert.Equal(alive, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private static void Train(SharpnessAwareOptimizer optimizer, Problem problem, int from, int to)
    {
        for (var t = from; t < to; t++) optimizer.Step(() => problem.Backward(t)).Dispose();
    }

    private static Tensor After(SharpnessAwareOptions recipe)
    {
        using var problem = new Problem();
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(recipe);
        Train(optimizer, problem, 0, 3);
        return problem.Weights();
    }

    /// <summary>Which weights each step's ascent moved.</summary>
    private static Tensor[] Moved(Problem problem, SharpnessAwareOptions recipe, int steps)
    {
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(recipe);
        var moved = new List<Tensor>();
        for (var t = 0; t < steps; t++)
        {
            var seen = new List<Tensor>();
            optimizer.Step(() =>
            {
                seen.Add(problem.Weights());
                return problem.Backward(t);
            }).Dispose();
            moved.Add(seen[1].not_equal(seen[0]));
        }
        return [.. moved];
    }
}
