using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.Wrapper;

/// <summary>The wrapper is a TorchSharp optimizer wherever one is expected, around each of TorchSharp's own.</summary>
[TensorScope]
public class OptimizerContractTests
{
    private static readonly Dictionary<string, Func<IEnumerable<Parameter>, optim.Optimizer>> Bases = new()
    {
        ["SGD"] = p => optim.SGD(p, 0.05, momentum: 0.9, weight_decay: 0.01, nesterov: true),
        ["Adam"] = p => optim.Adam(p, 0.01, amsgrad: true),
        ["AdamW"] = p => optim.AdamW(p, 0.01),
        ["Adamax"] = p => optim.Adamax(p, 0.01),
        ["NAdam"] = p => optim.NAdam(p, 0.01),
        ["RAdam"] = p => optim.RAdam(p, 0.01),
        ["RMSProp"] = p => optim.RMSProp(p, 0.01, momentum: 0.5, centered: true),
        ["Rprop"] = p => optim.Rprop(p, 0.01),
        ["Adagrad"] = p => optim.Adagrad(p, 0.01),
        ["Adadelta"] = p => optim.Adadelta(p, 1.0),
        ["ASGD"] = p => optim.ASGD(p, 0.01),
        ["Adafactor"] = p => new SamSharp.Optimizers.Adafactor(p, lr: 0.01),
        ["FusedAdamW"] = p => new SamSharp.Optimizers.FusedAdamW(p, 0.01),
        ["FusedAdam"] = p => new SamSharp.Optimizers.FusedAdam(p, 0.01, amsgrad: true),
        ["FusedSGD"] = p => new SamSharp.Optimizers.FusedSGD(p, 0.05, momentum: 0.9, weightDecay: 0.01, nesterov: true),
    };

    public static TheoryData<string> BaseNames() => new(Bases.Keys);

    [Theory]
    [MemberData(nameof(BaseNames))]
    public void Every_optimizer_steps_with_the_gradient_at_the_perturbed_weights(string name)
    {
        using var wrapped = new Problem(hidden: Problem.Large);
        using var byHand = new Problem(hidden: Problem.Large);
        using var optimizer = Bases[name](wrapped.Parameters).WithSharpnessAwareness(rho: 0.2);
        using var plain = Bases[name](byHand.Parameters);
        for (var t = 0; t < 5; t++)
        {
            optimizer.Step(() => wrapped.Backward(t)).Dispose();
            StepByHand(byHand, plain, 0.2, t);
        }
        Close.To(byHand.Weights(), wrapped.Weights());
    }

    [Theory]
    [MemberData(nameof(BaseNames))]
    public void A_radius_of_zero_is_the_base_optimizer_bit_for_bit(string name)
    {
        using var wrapped = new Problem();
        using var alone = new Problem();
        using optim.Optimizer optimizer = Bases[name](wrapped.Parameters).WithSharpnessAwareness(rho: 0);
        using var plain = Bases[name](alone.Parameters);
        for (var t = 0; t < 5; t++)
        {
            optimizer.step(() => wrapped.Backward(t)).Dispose();
            plain.zero_grad();
            plain.step(() => alone.Backward(t)).Dispose();
        }
        Close.Bits(alone.Weights(), wrapped.Weights());
    }

    public static TheoryData<string> Schedulers() => new("Step", "Exponential", "Cosine", "Linear", "OneCycle", "Cyclic", "Lambda");

    [Theory]
    [MemberData(nameof(Schedulers))]
    public void Schedulers_act_on_the_base_optimizer(string scheduler)
    {
        double[] Rates(Func<Problem, optim.Optimizer> make)
        {
            using var problem = new Problem();
            using var optimizer = make(problem);
            optim.lr_scheduler.LRScheduler schedule = scheduler switch
            {
                "Step" => optim.lr_scheduler.StepLR(optimizer, 2, 0.5),
                "Exponential" => optim.lr_scheduler.ExponentialLR(optimizer, 0.9),
                "Cosine" => optim.lr_scheduler.CosineAnnealingLR(optimizer, 5),
                "Linear" => optim.lr_scheduler.LinearLR(optimizer),
                "OneCycle" => optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps: 6),
                "Cyclic" => optim.lr_scheduler.CyclicLR(optimizer, 0.01, 0.1, step_size_up: 2),
                "Lambda" => optim.lr_scheduler.LambdaLR(optimizer, epoch => 1.0 / (1 + epoch)),
                _ => throw new ArgumentException(scheduler),
            };
            var trace = new List<double>();
            for (var t = 0; t < 5; t++)
            {
                optimizer.zero_grad();
                optimizer.step(() => problem.Backward(t)).Dispose();
                schedule.step();
                var group = optimizer.ParamGroups.Single();
                trace.Add(group.LearningRate);
                trace.Add(((optim.IMomentum)group).Momentum);
            }
            trace.AddRange(problem.Weights().data<double>());
            return [.. trace];
        }

        var plain = Rates(p => optim.SGD(p.Parameters, 0.05, momentum: 0.9));
        var wrapped = Rates(p => optim.SGD(p.Parameters, 0.05, momentum: 0.9).WithSharpnessAwareness(rho: 0));
        Close.To(plain, wrapped, 1e-12);
        Assert.NotEqual(plain[0], plain[6]);
    }

    [Fact]
    public void One_cycle_moves_the_betas_of_AdamW()
    {
        using var problem = new Problem();
        using var optimizer = optim.AdamW(problem.Parameters, 0.01).WithSharpnessAwareness();
        var schedule = optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps: 6);
        var group = (optim.IBetas)optimizer.ParamGroups.Single();
        var first = group.Betas.Item1;
        for (var t = 0; t < 2; t++)
        {
            optimizer.Step(() => problem.Backward(t)).Dispose();
            schedule.step();
        }
        Assert.NotEqual(first, group.Betas.Item1);
    }

    [Fact]
    public void The_wrapper_has_momentum_or_betas_as_its_base_has()
    {
        using var problem = new Problem();
        optim.Optimizer sgd = optim.SGD(problem.Parameters, 0.1, momentum: 0.7).WithSharpnessAwareness();
        optim.Optimizer adam = optim.Adam(problem.Parameters, 0.1, beta1: 0.8).WithSharpnessAwareness();
        optim.Optimizer adagrad = optim.Adagrad(problem.Parameters, 0.1).WithSharpnessAwareness();

        Assert.Equal(0.7, ((optim.IMomentum)sgd).Momentum);
        Assert.False(sgd is optim.IBetas);
        Assert.Equal(0.8, ((optim.IBetas)adam).Betas.Item1);
        Assert.False(adam is optim.IMomentum);
        Assert.False(adagrad is optim.IMomentum or optim.IBetas);
        Assert.Contains("momentum", Assert.Throws<ArgumentException>(() => optim.lr_scheduler.CyclicLR(adam, 0.01, 0.1)).Message,
            StringComparison.Ordinal);
        Assert.Contains("Adagrad", Assert.Throws<InvalidCastException>(() => (optim.IMomentum)adagrad).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Setting_momentum_through_the_wrapper_reaches_the_base()
    {
        using var problem = new Problem();
        optim.Optimizer sgd = optim.SGD(problem.Parameters, 0.1, momentum: 0.7).WithSharpnessAwareness();
        ((optim.IMomentum)sgd).Momentum = 0.3;
        Assert.Equal(0.3, ((SGD)((SharpnessAwareOptimizer)sgd).BaseOptimizer).Momentum);
    }

    [Fact]
    public void A_param_group_added_later_is_perturbed_and_stepped()
    {
        var (early, late) = (new Parameter(tensor(new[] { 3.0 })), new Parameter(tensor(new[] { 4.0 })));
        using var optimizer = optim.SGD([early], 0.1).WithSharpnessAwareness(rho: 0.5);
        optimizer.AddParamGroup(new SGD.ParamGroup { Parameters = [late] }, new SharpnessGroup { Rho = 1 });
        var points = new List<(double, double)>();

        optimizer.Step(() =>
        {
            points.Add((early.item<double>(), late.item<double>()));
            var loss = early.Squared().Plus(late.Squared()).sum().Over(2);
            loss.backward();
            return loss;
        }).Dispose();

        Assert.Equal(3.3, points[1].Item1, 12);
        Assert.Equal(4.8, points[1].Item2, 12);
        Assert.Equal(3 - 0.33, early.item<double>(), 12);
        Assert.Equal(4 - 0.48, late.item<double>(), 12);
        Assert.Equal(2, optimizer.ParamGroups.Count());
        Assert.Equal(2, optimizer.parameters().Count());
        Assert.Throws<ArgumentException>(() => optimizer.add_param_group(new SGD.ParamGroup { Parameters = [late] }));
        Assert.Equal(2, optimizer.ParamGroups.Count());
    }

    [Fact]
    public void Zero_grad_leaves_no_gradient_at_all()
    {
        using var problem = new Problem();
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness();
        problem.Backward().Dispose();
        optimizer.zero_grad();
        Assert.All(problem.Parameters, p => Assert.Null(p.grad));
    }

    [Fact]
    public void State_moves_to_a_device_through_the_wrapper_and_through_its_base_class()
    {
        using var problem = new Problem();
        using var optimizer = optim.SGD(problem.Parameters, 0.1, momentum: 0.9).WithSharpnessAwareness();
        optimizer.Step(() => problem.Backward()).Dispose();
        optimizer.to(CPU);
        ((OptimizerHelper)optimizer).to(CPU);
        optimizer.Step(() => problem.Backward()).Dispose();
        Assert.Equal(2, optimizer.LastStep.Step);
    }

    [Fact]
    public void Optimizers_that_cannot_be_wrapped_are_refused_with_the_reason()
    {
        using var problem = new Problem();
        Assert.Contains("several times per step", Assert.Throws<ArgumentException>(() =>
            optim.LBFGS(problem.Parameters.ToArray(), 0.1).WithSharpnessAwareness()).Message, StringComparison.Ordinal);
        Assert.Contains("already", Assert.Throws<ArgumentException>(() =>
            optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness().WithSharpnessAwareness()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_step_without_closure_says_why_it_needs_one_and_shows_both_ways()
    {
        using var problem = new Problem();
        using optim.Optimizer optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness();
        var message = Assert.Throws<InvalidOperationException>(() => optimizer.step()).Message;
        Assert.Contains("two points", message, StringComparison.Ordinal);
        Assert.Contains("optimizer.Step(() =>", message, StringComparison.Ordinal);
        Assert.Contains("Ascend()", message, StringComparison.Ordinal);
        Assert.Contains("Descend()", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Disposing_the_wrapper_disposes_its_base()
    {
        var start = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        var weight = new Parameter(ones(3));
        var optimizer = optim.AdamW([weight], 0.1).WithSharpnessAwareness();
        optimizer.Step(() => Squares(weight)).Dispose();
        optimizer.Dispose();
        weight.grad = null;
        weight.Dispose();
        Assert.Equal(start, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private static Tensor Squares(Parameter weight)
    {
        using var scope = NewDisposeScope();
        var loss = weight.Squared().sum();
        loss.backward();
        return loss.MoveToOuterDisposeScope();
    }

    /// <summary>SAM in plain words: climb, take the gradient, go back, step.</summary>
    private static void StepByHand(Problem problem, optim.Optimizer optimizer, double rho, int step)
    {
        var parameters = problem.Parameters.ToArray();
        foreach (var p in parameters) p.grad = null;
        problem.Backward(step).Dispose();
        var saved = parameters.Select(p => p.detach().clone()).ToArray();
        using (no_grad())
        {
            var norm = Math.Sqrt(parameters.Sum(p => p.grad!.Squared().sum().item<double>()));
            foreach (var p in parameters) p.IncreaseBy(p.grad!.Times(rho / norm));
        }
        foreach (var p in parameters) p.grad = null;
        problem.Backward(step).Dispose();
        using (no_grad())
        {
            foreach (var (p, w) in parameters.Zip(saved)) p.copy_(w);
        }
        optimizer.step();
    }
}
