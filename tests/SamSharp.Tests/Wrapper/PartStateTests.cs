using SamSharp.Steps;
using SamSharp.Tests.Support;

namespace SamSharp.Tests.Wrapper;

/// <summary>Parts of a recipe that keep something from step to step.</summary>
public class PartStateTests
{
    [Fact]
    public void Resumed_equals_uninterrupted()
    {
        using var uninterrupted = new Problem();
        using var first = Wrap(uninterrupted);
        Train(first, uninterrupted, 3);
        using var stream = new MemoryStream();
        first.save_state_dict(new BinaryWriter(stream));

        using var resumed = new Problem();
        foreach (var (to, from) in resumed.Parameters.Zip(uninterrupted.Parameters)) using (no_grad()) to.copy_(from);
        using var second = Wrap(resumed);
        stream.Position = 0;
        second.load_state_dict(new BinaryReader(stream));
        Train(first, uninterrupted, 3);
        Train(second, resumed, 3);
        Close.Bits(uninterrupted.Weights(), resumed.Weights());
    }

    [Fact]
    public void State_of_another_recipe_is_refused_before_anything_changes()
    {
        using var problem = new Problem();
        using var other = new Problem();
        using var optimizer = Wrap(problem);
        using var plain = optim.SGD(other.Parameters, 0.1).WithSharpnessAwareness();
        Train(optimizer, problem, 2);
        var message = Assert.Throws<InvalidDataException>(() => plain.load_state_dict(optimizer.state_dict())).Message;
        Assert.Contains("Trailing", message, StringComparison.Ordinal);
        Assert.Contains("GradientDirection", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_part_with_state_belongs_to_one_optimizer()
    {
        using var problem = new Problem();
        using var other = new Problem();
        var recipe = new SharpnessAwareOptions { Direction = new Trailing() };
        using (optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(recipe))
        {
            Assert.Contains("another optimizer", Assert.Throws<ArgumentException>(() => optim.SGD(other.Parameters, 0.1).WithSharpnessAwareness(recipe)).Message, StringComparison.Ordinal);
        }
        using var later = optim.SGD(other.Parameters, 0.1).WithSharpnessAwareness(recipe);
    }

    [Fact]
    public void Numbers_that_are_not_finite_never_reach_a_part_that_would_keep_them()
    {
        using var problem = new Problem();
        var direction = new Trailing();
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(new SharpnessAwareOptions { Direction = direction });
        Train(optimizer, problem, 2);
        var before = problem.Weights();
        optimizer.Step(() => Broken(problem)).Dispose();
        Assert.True(optimizer.LastStep.Skipped);
        Assert.Equal(1.0 / 3, optimizer.LastStep.SkippedShare, 12);
        Close.Bits(before, problem.Weights());
        Assert.True(direction.IsFinite());
        Train(optimizer, problem, 1);
        Assert.False(optimizer.LastStep.Skipped);

        using var other = new Problem();
        using var resumed = optim.SGD(other.Parameters, 0.1).WithSharpnessAwareness(new SharpnessAwareOptions { Direction = new Trailing() });
        resumed.load_state_dict(optimizer.state_dict());
        Assert.Equal(1, resumed.LastStep.SkippedSteps);
        Assert.Equal(0.25, resumed.LastStep.SkippedShare);
    }

    [Fact]
    public void Parts_of_a_batch_have_no_history()
    {
        using var problem = new Problem();
        using var optimizer = Wrap(problem);
        Assert.Contains("history", Assert.Throws<InvalidOperationException>(() => optimizer.Step([new(() => problem.Backward())])).Message, StringComparison.Ordinal);
    }

    private static Tensor Broken(Problem problem)
    {
        using var loss = problem.Backward();
        foreach (var parameter in problem.Parameters) using (no_grad()) parameter.grad!.mul_(double.NaN);
        return loss.mul(double.NaN).MoveToOuterDisposeScope();
    }

    private static SharpnessAwareOptimizer Wrap(Problem problem) =>
        optim.SGD(problem.Parameters, 0.1, momentum: 0.9).WithSharpnessAwareness(new SharpnessAwareOptions { Rho = 0.2, Direction = new Trailing() });

    private static void Train(SharpnessAwareOptimizer optimizer, Problem problem, int steps)
    {
        for (var t = 0; t < steps; t++) optimizer.Step(() => problem.Backward()).Dispose();
    }

    /// <summary>Climbs along the sum of all gradients so far.</summary>
    private sealed class Trailing : IDirection, IDisposable
    {
        private readonly SlotTensors _sums = new();
        private Tensor[] _last = [];

        public void Aim(Ascent ascent)
        {
            foreach (var list in ascent.Lists)
            {
                var sums = _sums.Of(list.Slots);
                ascent.Kernels.Accumulate(sums, list.Gradients, 1);
                list.Direction = _last = sums;
            }
        }

        public void Dispose() => _sums.Dispose();

        public void Exchange(PartState state) => state.Tensors("sums", _sums);

        public bool IsFinite() => _last.Length > 0 && _last.All(tensor => tensor.isfinite().all().item<bool>());
    }
}
