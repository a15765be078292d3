using SamSharp.Optimizers;
using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.Algorithms;

/// <summary>Momentum-SAM beyond its golden runs.</summary>
[TensorScope]
public class MomentumDirectionTests
{
    private static readonly Dictionary<string, Func<Parameter[], optim.Optimizer>> Bases = new()
    {
        ["SGD"] = w => optim.SGD(w, 0.1, momentum: 0.9),
        ["RMSProp"] = w => optim.RMSProp(w, 0.1, momentum: 0.9),
        ["Adam"] = w => optim.Adam(w, 0.1),
        ["AdamW"] = w => optim.AdamW(w, 0.1),
        ["NAdam"] = w => optim.NAdam(w, 0.1),
        ["RAdam"] = w => optim.RAdam(w, 0.1),
        ["Adamax"] = w => optim.Adamax(w, 0.1),
        ["FusedSGD"] = w => new FusedSGD(w, 0.1, momentum: 0.9),
        ["FusedAdam"] = w => new FusedAdam(w, 0.1),
        ["FusedAdamW"] = w => new FusedAdamW(w, 0.1),
        ["Adafactor"] = w => new Adafactor(w, beta1: 0.9),
    };

    public static TheoryData<string> Names() => [.. Bases.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void The_second_step_is_made_ahead_of_the_weights(string name)
    {
        var quadratic = new Quadratic();
        using var optimizer = Bases[name]([quadratic.W]).WithSharpnessAwareness(Recipe.MomentumSam(0.1));
        optimizer.Step(quadratic.Backward).Dispose();
        Close.To([1, -0.5], Assert.Single(quadratic.Points), 0);
        var (x, y) = (quadratic.Weights[0], quadratic.Weights[1]);
        optimizer.Step(quadratic.Backward).Dispose();

        var (ex, ey) = (quadratic.Points[1][0] - x, quadratic.Points[1][1] - y);
        Assert.Equal(2, quadratic.Points.Count);
        Assert.Equal(0.1, Math.Sqrt((ex * ex) + (ey * ey)), 8);
        // Adafactor and RMSProp average updates that are scaled element by element; all others have had the one gradient (1.5, -1).
        if (name is "Adafactor" or "RMSProp") Assert.True(ex < 0 && ey > 0);
        else Close.To([-0.083205029, 0.055470020], [ex, ey]);
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.3)]
    public void Without_a_radius_it_is_the_base_and_with_one_it_is_not(double rho)
    {
        using var one = new Problem();
        using var other = new Problem();
        using var optimizer = optim.SGD(one.Parameters, 0.1, momentum: 0.9).WithSharpnessAwareness(Recipe.MomentumSam(rho));
        using var plain = optim.SGD(other.Parameters, 0.1, momentum: 0.9);
        for (var t = 0; t < 3; t++)
        {
            optimizer.Step(() => one.Backward(t)).Dispose();
            plain.zero_grad();
            other.Backward(t).Dispose();
            plain.step();
        }
        Assert.Equal(rho == 0, one.Weights().equal(other.Weights()).all().item<bool>());
    }

    [Fact]
    public void A_base_without_momentum_is_refused()
    {
        using var problem = new Problem();
        var refusal = Assert.Throws<ArgumentException>(() =>
            optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(Recipe.MomentumSam()));
        Assert.Contains("momentum", refusal.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => optim.Adagrad(problem.Parameters).WithSharpnessAwareness(Recipe.MomentumSam()));
        Assert.Throws<ArgumentException>(() => new FusedSGD(problem.Parameters, 0.1).WithSharpnessAwareness(Recipe.MomentumSam()));
    }

    [Fact]
    public void Half_precision_weights_follow_a_momentum_in_single_precision()
    {
        using var problem = new Problem(bfloat16);
        using var optimizer = new FusedAdamW(problem.Parameters, 0.01).WithSharpnessAwareness(Recipe.MomentumSam(1));
        var before = problem.Weights();
        for (var t = 0; t < 3; t++) optimizer.Step(() => problem.Backward(t)).Dispose();
        Assert.False(optimizer.LastStep.Skipped);
        Assert.True(optimizer.LastStep.DirectionNorm > 0);
        Assert.False(before.equal(problem.Weights()).all().item<bool>());
    }

    [Fact]
    public void Decay_is_taken_where_the_peer_takes_it()
    {
        // Constant gradient (3, 4), lr 0.1, momentum 0.9, decay 0.5, rho 0.5; first step at w = (1, 2): v = (3.5, 5), w = (0.65, 1.5).
        var w = new Parameter(tensor(new[] { 1.0, 2.0 }));
        using var optimizer = optim.SGD([w], 0.1, momentum: 0.9)
            .WithSharpnessAwareness(Recipe.MomentumSam(0.5) with { Combiner = new PerturbedDecay(0.5) });
        for (var t = 0; t < 2; t++) optimizer.Step(() => Linear(w)).Dispose();
        var norm = Math.Sqrt((3.5 * 3.5) + 25);
        var (x, y) = (0.65 - (0.5 * 3.5 / norm), 1.5 - (0.5 * 5 / norm));
        Close.To([0.65 - (0.1 * ((0.9 * 3.5) + 3 + (0.5 * x))), 1.5 - (0.1 * ((0.9 * 5) + 4 + (0.5 * y)))], w.detach().data<double>().ToArray());

        // After a step of SGD to (0.7, 1.6): times 1 - 0.1 * 0.5.
        var late = new Parameter(tensor(new[] { 1.0, 2.0 }));
        using var decayed = optim.SGD([late], 0.1, momentum: 0.9)
            .WithSharpnessAwareness(Recipe.MomentumSam(0.5) with { Combiner = new LateDecay(0.5) });
        decayed.Step(() => Linear(late)).Dispose();
        Close.To([0.7 * 0.95, 1.6 * 0.95], late.detach().data<double>().ToArray());
    }

    [Fact]
    public void It_resumes_and_leaves_nothing_behind()
    {
        static SharpnessAwareOptimizer Wrap(Problem problem) => new FusedAdamW(problem.Parameters, 0.01).WithSharpnessAwareness(Recipe.MomentumSam());
        Resume.EqualsUninterrupted(Wrap);
        Resume.LeavesNoTensors(Wrap);
    }

    private static Tensor Linear(Parameter w)
    {
        var loss = (w * tensor(new[] { 3.0, 4.0 })).sum();
        loss.backward();
        return loss;
    }
}
