using SamSharp.Tests.Support;

namespace SamSharp.Tests.Algorithms;

/// <summary>Ascents from part of a batch, and a perturbation for each part.</summary>
[TensorScope]
public class BatchTests
{
    [Theory]
    [InlineData(128, 0.25, 32)]
    [InlineData(8, 0.25, 2)]
    [InlineData(1, 0.25, 1)]
    [InlineData(3, 0.25, 1)]
    [InlineData(6, 0.25, 2)]
    [InlineData(7, 1.0, 7)]
    public void A_fraction_of_the_rows_is_taken_and_never_none(long rows, double fraction, long expected) =>
        Assert.Equal(expected, BatchSlice.Rows(rows, fraction));

    [Theory]
    [InlineData(0)]
    [InlineData(-0.5)]
    [InlineData(1.01)]
    [InlineData(double.NaN)]
    public void A_fraction_outside_0_to_1_is_refused(double fraction) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => BatchSlice.Rows(8, fraction));

    [Fact]
    public void Tensors_are_cut_alike()
    {
        using var scope = NewDisposeScope();
        var slices = BatchSlice.Take(BatchSlice.Quarter, ScalarArithmetic.Range(16).reshape(8, 2), ScalarArithmetic.Range(8));
        Assert.Equal([2, 2], slices[0].shape);
        Assert.Equal([0L, 1], slices[1].data<long>().ToArray());
        Assert.Throws<ArgumentException>(() => BatchSlice.Take(0.5, ScalarArithmetic.Range(8), ScalarArithmetic.Range(7)));
        Assert.Throws<ArgumentException>(() => BatchSlice.Take(0.5, zeros(0, 3)));
        Assert.Throws<ArgumentException>(() => BatchSlice.Take(0.5));
    }

    [Fact]
    public void A_separate_ascent_gives_the_perturbation_and_the_whole_batch_the_step()
    {
        using var problem = new Problem();
        using var byHand = new Problem();
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(rho: 0.3);
        var (x, y) = (Problem.Batch(problem.X, 0), Problem.Batch(problem.Y, 0));
        var quarter = BatchSlice.Take(BatchSlice.Quarter, x, y);

        using var loss = optimizer.Step(() => problem.Backward(x, y), ascent: () => problem.Backward(quarter[0], quarter[1]));

        using var phases = optim.SGD(byHand.Parameters, 0.1).WithSharpnessAwareness(rho: 0.3);
        var ascentLoss = byHand.Backward(quarter[0], quarter[1]).item<double>();
        phases.Ascend();
        byHand.Backward(x, y).Dispose();
        phases.Descend();
        Close.Bits(byHand.Weights(), problem.Weights());
        Assert.Equal(ascentLoss, loss.item<double>());
    }

    [Fact]
    public void A_plain_step_uses_the_whole_batch_and_not_the_ascent_s()
    {
        using var problem = new Problem();
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(rho: 0);
        optimizer.Step(() => problem.Backward(), ascent: () => throw new InvalidOperationException("not called")).Dispose();
        Assert.False(optimizer.LastStep.Perturbed);
    }

    [Fact]
    public void The_whole_batch_as_its_own_fraction_is_Sam()
    {
        using var whole = new Problem();
        using var fraction = new Problem();
        using var first = optim.AdamW(whole.Parameters, 0.1).WithSharpnessAwareness(rho: 0.3);
        using var second = optim.AdamW(fraction.Parameters, 0.1).WithSharpnessAwareness(rho: 0.3);
        for (var t = 0; t < 3; t++)
        {
            first.Step(() => whole.Backward(t)).Dispose();
            var all = BatchSlice.Take(1, Problem.Batch(fraction.X, t), Problem.Batch(fraction.Y, t));
            second.Step(() => fraction.Backward(t), () => fraction.Backward(all[0], all[1])).Dispose();
        }
        Close.Bits(whole.Weights(), fraction.Weights());
    }

    [Fact]
    public void One_part_is_Sam_bit_for_bit()
    {
        using var whole = new Problem();
        using var part = new Problem();
        using var first = optim.AdamW(whole.Parameters, 0.1).WithSharpnessAwareness(rho: 0.3);
        using var second = optim.AdamW(part.Parameters, 0.1).WithSharpnessAwareness(rho: 0.3);
        for (var t = 0; t < 3; t++)
        {
            using var a = first.Step(() => whole.Backward(t));
            using var b = second.Step([new(() => part.Backward(t), 8)]);
            Assert.Equal(a.item<double>(), b.item<double>());
        }
        Close.Bits(whole.Weights(), part.Weights());
        Assert.Equal(first.LastStep.PerturbedLoss, second.LastStep.PerturbedLoss);
    }

    [Fact]
    public void Equal_parts_are_Sam()
    {
        using var whole = new Problem();
        using var parts = new Problem();
        using var first = optim.SGD(whole.Parameters, 0.1).WithSharpnessAwareness(rho: 0.3);
        using var second = optim.SGD(parts.Parameters, 0.1).WithSharpnessAwareness(rho: 0.3);
        first.Step(() => whole.Backward()).Dispose();
        second.Step(Enumerable.Repeat(new BatchPart(() => parts.Backward()), 3).ToArray()).Dispose();
        Close.To(whole.Weights(), parts.Weights());
    }

    [Fact]
    public void Each_part_climbs_from_the_same_weights_and_counts_by_its_weight()
    {
        using var problem = new Problem();
        using var byHand = new Problem();
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(rho: 0.3);
        using var loss = optimizer.Step([new(() => problem.Backward(0), 3), new(() => problem.Backward(1))]);

        var start = byHand.Weights();
        var gradients = new List<Tensor>();
        var losses = new List<double>();
        for (var part = 0; part < 2; part++)
        {
            using var probe = optim.SGD(byHand.Parameters, 0).WithSharpnessAwareness(rho: 0.3);
            losses.Add(probe.Step(() => byHand.Backward(part)).item<double>());
            gradients.Add(byHand.Gradients());
        }
        Close.To(start - gradients[0].Times(0.75).Plus(gradients[1].Times(0.25)).Times(0.1), problem.Weights());
        Assert.Equal((0.75 * losses[0]) + (0.25 * losses[1]), loss.item<double>(), 12);
    }

    [Fact]
    public void Parts_must_be_there_and_have_positive_weights()
    {
        using var problem = new Problem();
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness();
        Assert.Throws<ArgumentException>(() => optimizer.Step([]));
        Assert.Throws<ArgumentException>(() => optimizer.Step([new(() => problem.Backward(), 0)]));
        Assert.Throws<ArgumentException>(() => optimizer.Step([new(() => problem.Backward(), double.NaN)]));
    }
}
