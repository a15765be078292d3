using SamSharp.Optimizers;
using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.Reliability;

/// <summary>A constructor that fails, and a group that is refused, own nothing and change nothing.</summary>
[TensorScope]
[Trait("Category", "Reliability")]
public class FailedConstructionTests
{
    private static readonly Dictionary<string, Func<ParamGroup?[], double, OptimizerHelper>> Optimizers = new()
    {
        ["BSam"] = (groups, lr) => new BSam(Of<BSam.ParamGroup>(groups), 50, lr),
        ["Sassha"] = (groups, lr) => new Sassha(Of<Sassha.ParamGroup>(groups), lr),
        ["FusedAdamW"] = (groups, lr) => new FusedAdamW(Of<FusedAdamW.ParamGroup>(groups), lr),
        ["FusedSGD"] = (groups, lr) => new FusedSGD(Of<FusedSGD.ParamGroup>(groups), lr, momentum: 0.9),
        ["Adafactor"] = (groups, lr) => new Adafactor(Of<Adafactor.ParamGroup>(groups), lr, relativeStep: false),
    };

    private static readonly Dictionary<string, Func<IEnumerable<Parameter>, bool, ParamGroup>> Groups = new()
    {
        ["BSam"] = (p, own) => new BSam.ParamGroup(p, own ? new BSam.Options { Rho = 0.3 } : null),
        ["Sassha"] = (p, own) => new Sassha.ParamGroup(p, own ? new Sassha.Options { Rho = 0.3 } : null),
        ["FusedAdamW"] = (p, own) => new FusedAdamW.ParamGroup(p, own ? new AdamOptions { WeightDecay = 0.3 } : null),
        ["FusedSGD"] = (p, own) => new FusedSGD.ParamGroup(p, own ? new FusedSGD.Options { WeightDecay = 0.3 } : null),
        ["Adafactor"] = (p, own) => new Adafactor.ParamGroup(p, own ? new Adafactor.Options { WeightDecay = 0.3 } : null),
    };

    public static TheoryData<string> Names => new(Optimizers.Keys);

    /// <summary>The second group holds a parameter of the first; with another group, the learning rate of the second attempt counts.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void Groups_of_a_failed_attempt_serve_for_another(string name)
    {
        Parameter first = new(ones(3)), second = new(ones(2)), third = new(ones(4));
        ParamGroup own = Groups[name]([first], true), bare = Groups[name]([second], false);
        var options = own.Options;
        var live = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        Assert.Throws<ArgumentException>(() => Optimizers[name]([own, bare, Groups[name]([first], false)], 0.5));
        Assert.Equal(live, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
        Assert.Same(options, own.Options);
        Assert.Null(options.LearningRate);
        using var optimizer = Optimizers[name]([own, bare, Groups[name]([third], false)], 0.25);
        Assert.Same(options, own.Options);
        Assert.All(optimizer.ParamGroups, group => Assert.Equal(0.25, group.LearningRate));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_group_that_is_refused_serves_elsewhere(string name)
    {
        Parameter first = new(ones(3)), second = new(ones(2));
        using var optimizer = Optimizers[name]([Groups[name]([first], false)], 0.5);
        var group = Groups[name]([second, first], true);
        Assert.Throws<ArgumentException>(() => optimizer.add_param_group(group));
        Assert.Single(optimizer.ParamGroups);
        Assert.Null(group.Options.LearningRate);
        using var other = Optimizers[name]([group], 0.125);
        Assert.Equal(0.125, other.ParamGroups.Single().LearningRate);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void No_parameters_are_refused(string name)
    {
        var error = Assert.Throws<ArgumentException>(() => Optimizers[name]([Groups[name]([], false)], 0.5));
        Assert.Contains($"{name} was given no parameters", error.Message, StringComparison.Ordinal);
        Parameter one = new(ones(3));
        using var optimizer = Optimizers[name]([Groups[name]([], false), Groups[name]([one], false)], 0.5); // one group may be empty
        Assert.Equal(2, optimizer.ParamGroups.Count());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Expanded_weights_are_refused(string name)
    {
        var expanded = new Parameter(ones(1, 3).expand(2, 3));
        var error = Assert.Throws<ArgumentException>(() => Optimizers[name]([Groups[name]([expanded], false)], 0.5));
        Assert.Contains("strides [0, 1]", error.Message, StringComparison.Ordinal);
        Assert.Contains("Clone it first", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_of_another_optimizer_are_refused()
    {
        Parameter first = new(ones(3)), second = new(ones(2));
        using var optimizer = new FusedSGD([first], 0.1);
        Assert.Contains("AdamOptions", Assert.Throws<ArgumentException>(() =>
            optimizer.add_param_group(new FusedAdamW.ParamGroup([second], new AdamOptions()))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sassha_checks_its_interval_before_it_takes_up_anything()
    {
        var group = new Sassha.ParamGroup([new Parameter(ones(3))], new Sassha.Options());
        Assert.Throws<ArgumentOutOfRangeException>(() => new Sassha([group], lazy: 0));
        Assert.Null(group.Options.LearningRate);
    }

    [Fact]
    public void A_wrapper_that_cannot_be_made_leaves_the_base_optimizer_and_the_recipe()
    {
        using var problem = new Problem();
        using var sgd = optim.SGD(problem.Parameters, 0.1);
        var recipe = Recipe.Vasso();
        var live = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        Assert.Throws<ArgumentException>(() => new SharpnessAwareOptimizer(sgd, recipe with { Groups = [new(), new()] }));
        Assert.Throws<ArgumentException>(() => new SharpnessAwareOptimizer(sgd, Recipe.MomentumSam()));
        Assert.Equal(live, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
        problem.Backward().Dispose();
        sgd.step();
        using var optimizer = new SharpnessAwareOptimizer(sgd, recipe);
        optimizer.Step(() => problem.Backward()).Dispose();
    }

    /// <summary>TorchSharp's SGD refuses the options of another optimizer; the wrapper still fits its base afterwards.</summary>
    [Fact]
    public void A_group_that_the_base_optimizer_refuses_is_not_added_to_the_wrapper()
    {
        using var problem = new Problem();
        using var optimizer = optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness();
        var added = new Parameter(ones(3));
        Assert.ThrowsAny<Exception>(() => optimizer.AddParamGroup(new AdamW.ParamGroup([added], new AdamW.Options())));
        Assert.Single(optimizer.Groups);
        optimizer.Step(() => problem.Backward()).Dispose();
        optimizer.AddParamGroup(new SGD.ParamGroup { Parameters = [added] });
        Assert.Equal(2, optimizer.Groups.Count);
    }

    private static T[] Of<T>(ParamGroup?[] groups) => [.. groups.Cast<T>()];
}
