using SamSharp.Steps;
using SamSharp.Tests.Support;

namespace SamSharp.Tests.Wrapper;

/// <summary>Parts of a recipe that keep something from step to step.</summary>
[TensorScope]
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

    /// <summary>One recipe, two optimizers in turn: each climbs along its own history.</summary>
    [Fact]
    public void Optimizers_share_a_recipe_and_not_its_memory()
    {
        var recipe = Recipe.Vasso(0.2, 0.3);
        Tensor After(int others)
        {
            using Problem own = new(), other = new();
            using var first = optim.SGD(own.Parameters, 0.1).WithSharpnessAwareness(recipe);
            using var second = optim.SGD(other.Parameters, 0.1).WithSharpnessAwareness(recipe);
            for (var t = 0; t < 4; t++)
            {
                first.Step(() => own.Backward(t)).Dispose();
                for (var n = 0; n < others; n++) second.Step(() => other.Backward(t + n + 3)).Dispose();
            }
            return own.Weights();
        }
        using var scope = NewDisposeScope();
        Close.Bits(After(others: 0), After(others: 2));
        Assert.Equal(recipe, Recipe.Vasso(0.2, 0.3));
        Assert.NotEqual(recipe, Recipe.Vasso(0.2, 0.4));
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
        Assert.Contains("history", Assert.Throws<InvalidOperationException>(() => optimizer.Step([new(() => problem.Backward())])).Message,
            StringComparison.Ordinal);
    }

    private static Tensor Broken(Problem problem)
    {
        using var loss = problem.Backward();
        foreach (var parameter in problem.Parameters) using (no_grad()) parameter.grad!.MultiplyBy(double.NaN);
        return loss.Times(double.NaN).MoveToOuterDisposeScope();
    }

    private static SharpnessAwareOptimizer Wrap(Problem problem) =>
        optim.SGD(problem.Parameters, 0.1, momentum: 0.9).WithSharpnessAwareness(new SharpnessAwareOptions { Rho = 0.2, Direction = new Trailing() });

    private static void Train(SharpnessAwareOptimizer optimizer, Problem problem, int steps)
    {
        for (var t = 0; t < steps; t++) optimizer.Step(() => problem.Backward()).Dispose();
    }

    /// <summary>Climbs along the sum of all gradients so far.</summary>
    private sealed class Trailing : IDirection
    {
        private Tensor[] _last = [];

        public bool Remembers => true;

        public void Aim(Ascent ascent)
        {
            foreach (var bucket in ascent.Buckets)
            {
                _last = ascent.MemoryOf(this).Change("sums", bucket.Parameters);
                ascent.Accumulate(_last, bucket.AtWeights, 1);
                bucket.Direction = _last;
            }
        }

        public bool IsFinite() => _last.Length > 0 && _last.All(tensor => tensor.isfinite().all().item<bool>());
    }
}
