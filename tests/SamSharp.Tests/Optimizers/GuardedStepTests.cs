using SamSharp.Optimizers;
using SamSharp.Steps;
using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.Optimizers;

/// <summary>Steps that a number on the device leaves out, as seen by the wrapper: by a value read on the CPU, and unread as on a
/// GPU.</summary>
[TensorScope]
public class GuardedStepTests
{
    private static readonly Dictionary<string, Func<IEnumerable<Parameter>, bool, OptimizerHelper>> Bases = new()
    {
        ["AdamW"] = (p, unread) => new FusedAdamW(p, 0.05, weightDecay: 0.3, amsgrad: true) { Kernel = Kernels(unread) },
        ["Adam"] = (p, unread) => new FusedAdam(p, 0.05, weightDecay: 0.3) { Kernel = Kernels(unread) },
        ["SGD"] = (p, unread) => new FusedSGD(p, 0.05, momentum: 0.9, nesterov: true) { Kernel = Kernels(unread) },
        ["SGD with dampening"] = (p, unread) => new FusedSGD(p, 0.05, momentum: 0.9, dampening: 0.3) { Kernel = Kernels(unread) },
        ["Adafactor"] = (p, unread) => new Adafactor(p, 0.05, beta1: 0.9, weightDecay: 0.3, kernel: Kernels(unread)),
        ["Adafactor, relative step"] = (p, unread) => new Adafactor(p, kernel: Kernels(unread)),
        ["Lion"] = (p, unread) => new Lion(p, 0.05, weightDecay: 0.3) { Kernel = Kernels(unread) },
        ["SGD without momentum"] = (p, unread) => new FusedSGD(p, 0.05) { Kernel = Kernels(unread) },
    };

    private static UpdateKernels Kernels(bool unread) => unread ? UpdateKernels.MultiTensor : UpdateKernels.Automatic;

    public static TheoryData<string, bool, int> Cases()
    {
        var cases = new TheoryData<string, bool, int>();
        foreach (var name in Bases.Keys)
        {
            foreach (var unread in new[] { false, true })
            {
                foreach (var bad in new[] { 0, 2 }) cases.Add(name, unread, bad);
            }
        }
        return cases;
    }

    /// <summary>If bad, a step whose loss (even steps) or gradient (odd steps) is NaN.</summary>
    private static void Step(SharpnessAwareOptimizer optimizer, Problem problem, int step, bool bad, bool byLoss) => optimizer.Step(() =>
    {
        var loss = problem.Backward(step);
        if (!bad) return loss;
        if (byLoss) return loss.Times(double.NaN);
        using var noGradient = no_grad();
        problem.Parameters.Last().grad![0, 0] = tensor(double.PositiveInfinity, dtype: float64);
        return loss;
    }).Dispose();

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_step_that_is_not_finite_leaves_weights_moments_and_counters_untouched(string name, bool unread, int bad)
    {
        foreach (var byLoss in new[] { true, false })
        {
            using var problem = new Problem();
            using var undisturbed = new Problem();
            using var optimizer = new SharpnessAwareOptimizer(Bases[name](problem.Parameters, unread), rho: 0.1);
            using var expected = new SharpnessAwareOptimizer(Bases[name](undisturbed.Parameters, unread), rho: 0.1);
            for (var step = 0; step < 6; step++)
            {
                Step(optimizer, problem, step, step == bad, byLoss);
                if (step != bad) Step(expected, undisturbed, step, false, byLoss);
                Assert.Equal(step == bad, optimizer.LastStep.Skipped);
                Assert.Equal(step >= bad ? 1 : 0, optimizer.LastStep.SkippedSteps);
                Close.To(undisturbed.Weights(), problem.Weights(), 1e-14);
            }
            foreach (var (mine, theirs) in States(optimizer).Zip(States(expected)))
            {
                Assert.Equal(5, theirs.Step);
                Assert.True(mine.ApproximatelyEquals(theirs));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_parameter_that_had_no_gradient_in_the_step_left_out_keeps_its_own_count(string name, bool unread, int bad)
    {
        using var scope = NewDisposeScope();
        Parameter always = new(ones(3)), rarely = new(ones(2));
        var optimizer = Bases[name]([always, rarely], unread);
        var guarded = (IGuardedOptimizer)optimizer;
        for (var step = 0; step < 5; step++)
        {
            always.grad = ones(3);
            rarely.grad = step == bad || step == 4 ? null : ones(2);
            guarded.Step([], tensor(step is 1 or 2 || step == bad ? 1f : 0f));
        }
        // Steps 1 and 2 are left out, and the bad one; the other parameter takes no part in the bad one and the last.
        var leftOut = new[] { 1, 2, bad }.Distinct().Count();
        Assert.Equal([5 - leftOut, bad == 0 ? 1 : 2], optimizer.state_dict().State.Cast<ParameterState>().Select(state => state.Step));
        Assert.True(rarely.isfinite().all().item<bool>());
        optimizer.Dispose();
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_step_left_out_is_not_counted_after_the_state_has_moved(string name, bool unread, int bad)
    {
        Parameter parameter = new(ones(3));
        using var optimizer = Bases[name]([parameter], unread);
        for (var step = 0; step < 5; step++)
        {
            parameter.grad = ones(3);
            ((IGuardedOptimizer)optimizer).Step([], tensor(step == bad ? 1f : 0f));
        }
        var state = (ParameterState)optimizer.state_dict().State.Single();
        state.to(CPU);
        Assert.Equal(4, state.Step);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Live_tensors_stay_flat_and_state_can_be_saved(string name, bool unread, int bad)
    {
        using var problem = new Problem();
        using var optimizer = new SharpnessAwareOptimizer(Bases[name](problem.Parameters, unread), rho: 0.1);
        void Many(int steps)
        {
            for (var step = 0; step < steps; step++)
            {
                using var scope = NewDisposeScope();
                Step(optimizer, problem, step, step % 5 == bad, byLoss: true);
            }
        }

        Many(2);
        var alive = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Many(20);
        Assert.Equal(alive, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        using var stream = new MemoryStream();
        using (var writer = new BinaryWriter(stream, System.Text.Encoding.UTF8, leaveOpen: true)) optimizer.save_state_dict(writer);
        stream.Position = 0;
        using var other = new Problem();
        using var loaded = new SharpnessAwareOptimizer(Bases[name](other.Parameters, unread), rho: 0.1);
        using (var reader = new BinaryReader(stream)) loaded.load_state_dict(reader);
        Assert.Equal(States(optimizer).Select(state => state.Step), States(loaded).Select(state => state.Step));
    }

    private static IEnumerable<ParameterState> States(SharpnessAwareOptimizer optimizer) =>
        ((OptimizerHelper)optimizer.BaseOptimizer).state_dict().State.Cast<ParameterState>();
}
