using SamSharp.Optimizers;
using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.Wrapper;

/// <summary>No tensor is left behind, and none dies too early.</summary>
[TensorScope]
public class LifetimeTests
{
    private static readonly Dictionary<string, Action<SharpnessAwareOptimizer, Problem, int>> Kinds = new()
    {
        { "Step", (o, p, t) => o.Step(() => p.Backward(t)).Dispose() },
        { "with an ascent of its own", (o, p, t) => o.Step(() => p.Backward(t), () => p.Backward(t + 1)).Dispose() },
        {
            "the two phases", (o, p, t) =>
            {
                o.zero_grad();
                p.Backward(t).Dispose();
                o.Ascend();
                p.Backward(t).Dispose();
                o.Descend();
            }
        },
        { "parts", (o, p, t) => o.Step([new(() => p.Backward(t), 3), new(() => p.Backward(t + 1))]).Dispose() },
        {
            "inside a dispose scope", (o, p, t) =>
            {
                using var scope = NewDisposeScope();
                o.Step(() => p.Backward(t));
            }
        },
        {
            "an exception", (o, p, t) =>
            {
                using var scope = NewDisposeScope();
                var calls = 0;
                Assert.Throws<ThrownByTest>(() => o.Step(() => ++calls == 2 ? throw new ThrownByTest() : p.Backward(t)));
            }
        },
    };

    public static TheoryData<string> Steps() => new(Kinds.Keys);

    [Theory]
    [MemberData(nameof(Steps))]
    public void Live_tensors_do_not_grow_over_a_thousand_steps(string name)
    {
        var step = Kinds[name];
        using var problem = new Problem(batchNorm: true, hidden: Problem.Large);
        using var optimizer = new SharpnessAwareOptimizer(optim.AdamW(problem.Parameters, 1e-4), new SharpnessAwareOptions
        {
            Module = problem.Model,
            ReplayRandomness = name != "the two phases", // which refuse it
        });
        long Alive() => DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        // Two steps make what lives on; each later one must free what it makes. Gradients' wrappers are the closure's own.
        step(optimizer, problem, 0);
        step(optimizer, problem, 1);
        var alive = Alive();
        for (var t = 0; t < 1000; t++) step(optimizer, problem, t);
        Assert.Equal(alive, Alive());
    }

    [Fact]
    public void Buffers_and_reports_outlive_the_scope_of_the_step_that_made_them()
    {
        using var problem = new Problem();
        using var expected = new Problem();
        using var optimizer = optim.AdamW(problem.Parameters, 0.01).WithSharpnessAwareness();
        using var other = optim.AdamW(expected.Parameters, 0.01).WithSharpnessAwareness();
        for (var t = 0; t < 3; t++)
        {
            using (NewDisposeScope()) optimizer.Step(() => problem.Backward(t));
            other.Step(() => expected.Backward(t)).Dispose();
            Assert.Equal(other.LastStep.Loss, optimizer.LastStep.Loss);
            Assert.Equal(other.LastStep.DirectionNorm, optimizer.LastStep.DirectionNorm);
        }
        Close.Bits(expected.Weights(), problem.Weights());
    }

    [Fact]
    public void The_loss_returned_is_the_caller_s_to_keep_and_the_report_s_own_is_separate()
    {
        using var problem = new Problem();
        using var optimizer = optim.SGD(problem.Parameters, 0.01).WithSharpnessAwareness();
        var loss = optimizer.Step(() => problem.Backward());
        var value = loss.item<double>();
        optimizer.Step(() => problem.Backward(1)).Dispose();
        Assert.Equal(value, loss.item<double>());
        loss.Dispose();
        Assert.False(double.IsNaN(optimizer.LastStep.Loss));
    }

    [Fact]
    public void A_closure_may_return_one_and_the_same_tensor_each_time()
    {
        using var problem = new Problem();
        using var optimizer = optim.SGD(problem.Parameters, 0.01).WithSharpnessAwareness();
        var constant = tensor(1.0);
        var loss = optimizer.Step(() =>
        {
            problem.Backward().Dispose();
            return constant;
        });
        Assert.Same(constant, loss);
        Assert.Equal(1.0, loss.item<double>());
    }

    public static TheoryData<string> Owners => new("SAM", "FusedAdamW", "bSAM", "SASSHA", "Lookbehind");

    [Theory]
    [MemberData(nameof(Owners))]
    public void A_disposed_optimizer_says_so_and_is_not_disposed_in_a_step(string name)
    {
        using var problem = new Problem();
        using var inner = new FusedSGD(problem.Parameters, 0.1).WithSharpnessAwareness();
        var optimizer = name switch
        {
            "SAM" => optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(),
            "FusedAdamW" => new FusedAdamW(problem.Parameters, 0.1),
            "bSAM" => new BSam(problem.Parameters, 64),
            "SASSHA" => new Sassha(problem.Parameters),
            _ => (IDisposable)new Lookbehind(inner, 2),
        };
        void Step(Func<Tensor> closure)
        {
            if (optimizer is Lookbehind lookbehind) lookbehind.Step(closure);
            else if (optimizer is Sassha sassha) sassha.Step(closure);
            else ((optim.Optimizer)optimizer).step(closure);
        }
        Tensor Loss() => name == "SASSHA" ? problem.Loss(problem.X, problem.Y) : problem.Backward();
        Step(Loss);
        if (name != "FusedAdamW") // whose step is made after the closure
        {
            var error = Assert.Throws<InvalidOperationException>(() => Step(() =>
            {
                optimizer.Dispose();
                return Loss();
            }));
            Assert.Contains("Dispose it after the step", error.Message, StringComparison.Ordinal);
            Step(Loss);
        }
        var before = problem.Weights();
        optimizer.Dispose();
        optimizer.Dispose();
        Assert.Contains(optimizer.GetType().Name, Assert.Throws<ObjectDisposedException>(() => Step(Loss)).Message, StringComparison.Ordinal);
        if (optimizer is OptimizerHelper helper)
        {
            Assert.Throws<ObjectDisposedException>(() => helper.save_state_dict(new BinaryWriter(new MemoryStream())));
            if (helper is SharpnessAwareOptimizer sam)
            {
                Assert.Throws<ObjectDisposedException>(sam.Ascend);
                Assert.Throws<ObjectDisposedException>(sam.Restore);
                Assert.Equal(double.NaN, sam.LastStep.Loss);
            }
        }
        Close.Bits(before, problem.Weights());
    }
}
