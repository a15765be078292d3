using SamSharp.Optimizers;
using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.Wrapper;

/// <summary>What cannot work is refused in one sentence, and what can work does.</summary>
[TensorScope]
public class RefusalTests
{
    /// <summary>TorchSharp looks an optimizer's states up in a dictionary that a user's optimizer may leave empty.</summary>
    [Fact]
    public void An_optimizer_that_keeps_no_state_trains_and_says_that_it_cannot_be_saved()
    {
        using Problem problem = new(), same = new();
        using var plain = optim.SGD(same.Parameters, 0.05).WithSharpnessAwareness();
        using var optimizer = new Stateless(problem.Parameters).WithSharpnessAwareness();
        using var lookbehind = new Lookbehind(optimizer, 2);
        for (var t = 0; t < 3; t++)
        {
            plain.Step(() => same.Backward(t)).Dispose();
            optimizer.Step(() => problem.Backward(t)).Dispose();
        }
        Close.Bits(same.Weights(), problem.Weights());
        lookbehind.Step(() => problem.Backward()).Dispose();
        var error = Assert.Throws<InvalidOperationException>(() => optimizer.save_state_dict(new BinaryWriter(new MemoryStream())));
        Assert.Equal("Stateless keeps no state where TorchSharp looks for it, so it cannot be saved or loaded.", error.Message);
    }

    [Fact]
    public void No_parameters_are_refused()
    {
        using var sgd = optim.SGD(Array.Empty<Parameter>(), 0.1);
        var error = Assert.Throws<ArgumentException>(() => new SharpnessAwareOptimizer(sgd));
        Assert.Equal("SGD has no parameters; there is nothing to optimize.", error.Message);
    }

    [Fact]
    public void Expanded_weights_are_refused()
    {
        using var expanded = new Parameter(ones(1, 3).expand(2, 3));
        using var sgd = optim.SGD([expanded], 0.1);
        var error = Assert.Throws<ArgumentException>(() => new SharpnessAwareOptimizer(sgd));
        Assert.Contains("has strides [0, 1]: several of its elements are one number in memory. Clone it first.", error.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Everything_frozen_says_that_no_gradient_was_left()
    {
        using var problem = new Problem();
        foreach (var parameter in problem.Parameters) parameter.requires_grad = false;
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness();
        var efficient = new EfficientSam(optimizer);
        var weight = new Parameter(ones(3)); // what the loss depends on, and the optimizer does not hold
        foreach (var step in new Action[]
        {
            () => efficient.Step(_ => weight.Times(2)),
            () => optimizer.Step(() => { var loss = weight.sum(); loss.backward(); return loss; }),
        })
            Assert.Contains("left no gradient", Assert.Throws<InvalidOperationException>(step).Message, StringComparison.Ordinal);
        Assert.All(problem.Parameters, parameter => Assert.False(parameter.requires_grad));
    }

    [Fact]
    public void A_group_added_to_the_base_behind_the_wrapper_is_named()
    {
        using var problem = new Problem();
        var sgd = optim.SGD(problem.Parameters, 0.1);
        using var optimizer = sgd.WithSharpnessAwareness();
        var before = problem.Weights();
        sgd.add_param_group(new SGD.ParamGroup { Parameters = [new Parameter(ones(3))] });
        var error = Assert.Throws<InvalidOperationException>(() => optimizer.Step(() => problem.Backward()));
        Assert.Equal("SGD has 2 param groups, and 1 when it was wrapped. Add a group with the wrapper's add_param_group or AddParamGroup.",
            error.Message);
        Close.Bits(before, problem.Weights());
    }

    [Fact]
    public void A_loss_that_is_no_number_is_refused()
    {
        using var problem = new Problem();
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness();
        var before = problem.Weights();
        foreach (var (loss, reason) in new (Func<Tensor>, string)[]
        {
            (() => ones([], device: META), "on the meta device"),
            (() => ones([], complex64), "ComplexFloat32"),
            (() => { var disposed = ones([]); disposed.Dispose(); return disposed; }, "has been disposed"),
        })
        {
            var error = Assert.Throws<InvalidOperationException>(() => optimizer.Step(() => { problem.Backward(); return loss(); }));
            Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        }
        Close.Bits(before, problem.Weights());
        Assert.Equal(0, optimizer.LastStep.Step);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_learning_rate_that_is_no_number_is_refused_before_the_step(double rate)
    {
        using var problem = new Problem();
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness();
        var before = problem.Weights();
        optimizer.ParamGroups.Single().LearningRate = rate;
        var error = Assert.Throws<InvalidOperationException>(() => optimizer.Step(() => problem.Backward()));
        Assert.Contains("The learning rate of param group 0 is", error.Message, StringComparison.Ordinal);
        Close.Bits(before, problem.Weights());
    }

    [Fact]
    public void Null_where_a_part_or_a_closure_belongs_is_refused_by_name()
    {
        using var problem = new Problem();
        using var sgd = optim.SGD(problem.Parameters, 0.1);
        foreach (var (options, name) in new[]
        {
            (Recipe.Sam() with { Direction = null! }, "Direction"), (Recipe.Sam() with { Geometry = null! }, "Geometry"),
            (Recipe.Sam() with { Schedule = null! }, "Schedule"), (Recipe.Sam() with { Combiner = null! }, "Combiner"),
            (Recipe.Sam() with { Groups = null! }, "Groups"),
        })
        {
            var error = Assert.Throws<ArgumentException>(() => new SharpnessAwareOptimizer(sgd, options));
            Assert.StartsWith(name, error.Message, StringComparison.Ordinal);
        }
        using var optimizer = new SharpnessAwareOptimizer(sgd);
        foreach (var step in new Action[]
        {
            () => optimizer.Step(() => problem.Backward(), [null!]),
            () => optimizer.Step(() => problem.Backward(), [new AscentStage(null!)]),
            () => optimizer.Step([new BatchPart(null!)]),
            () => optimizer.TaskStep([() => problem.Backward(), null!]),
        })
            Assert.Throws<ArgumentException>(step);
        Assert.Equal(0, optimizer.LastStep.Step);
    }

    public static TheoryData<string> Nested => new("wrapper", "base", "Lookbehind", "bSAM", "SASSHA");

    /// <summary>A closure that makes a step of its own optimizer: the step fails, and nothing has moved.</summary>
    [Theory]
    [MemberData(nameof(Nested))]
    public void A_step_inside_the_closure_is_refused(string kind)
    {
        using var problem = new Problem();
        using var optimizer = new FusedAdamW(problem.Parameters, 0.1).WithSharpnessAwareness();
        using var lookbehind = new Lookbehind(optimizer, 2);
        using var bSam = new BSam(problem.Parameters, 64);
        using var sassha = new Sassha(problem.Parameters);
        var before = problem.Weights();
        Tensor Loss() => problem.Loss(problem.X, problem.Y);
        Action outer = kind switch
        {
            "wrapper" => () => optimizer.Step(() => { optimizer.Step(() => problem.Backward()); return problem.Backward(); }),
            "base" => () => optimizer.Step(() => { problem.Backward(); optimizer.Apply(); return problem.Backward(); }),
            "Lookbehind" => () => lookbehind.Step(() => { lookbehind.Step(() => problem.Backward()); return problem.Backward(); }),
            "bSAM" => () => bSam.Step(() => { bSam.Step(() => problem.Backward()); return problem.Backward(); }),
            _ => () => sassha.Step(() => { sassha.Step(Loss); return Loss(); }),
        };
        var error = Assert.Throws<InvalidOperationException>(outer);
        Assert.Contains("A step of this optimizer is under way", error.Message, StringComparison.Ordinal);
        Close.Bits(before, problem.Weights());
        Assert.Equal(0, optimizer.LastStep.Step);
        optimizer.Step(() => problem.Backward()).Dispose();
        bSam.Step(() => problem.Backward()).Dispose();
        sassha.Step(Loss).Dispose();
    }

    /// <summary>SGD that ignores the dictionary of states.</summary>
    private sealed class Stateless : OptimizerHelper
    {
        private readonly Parameter[] _parameters;

        public Stateless(IEnumerable<Parameter> parameters)
        {
            _parameters = [.. parameters];
            var options = new SGD.Options { LearningRate = 0.05, InitialLearningRate = 0.05 };
            _parameter_groups = [new SGD.ParamGroup { Parameters = _parameters, Options = options }];
        }

        public override Tensor step(Func<Tensor>? closure = null)
        {
            using var noGradient = no_grad();
            using var scope = NewDisposeScope();
            foreach (var parameter in _parameters) parameter.IncreaseBy(parameter.grad!, -0.05);
            return null!;
        }

        public override void add_param_group(ParamGroup param_group) => throw new NotSupportedException();
    }
}
