using System.Reflection;
using SamSharp.Optimizers;
using TorchSharp.Modules;

namespace SamSharp.Tests.Optimizers;

/// <summary>torch.optim.FusedAdamW(...) stands in for torch.optim.AdamW(...): the same arguments, trajectories and states.</summary>
[TensorScope]
public class DropInTests
{
    private static readonly string[] Names = ["AdamW", "Adam", "SGD"];

    public static TheoryData<string, int> Settings
    {
        get
        {
            var data = new TheoryData<string, int>();
            foreach (var name in Names)
            {
                for (var seed = 0; seed < 50; seed++) data.Add(name, seed);
            }
            return data;
        }
    }

    public static TheoryData<string> AllNames => new(Names);

    /// <summary>A random setting, and TorchSharp's and our optimizer under it.</summary>
    private sealed class Setting(int seed)
    {
        private readonly Random _random = new(seed);
        private double _lr, _beta1, _beta2, _eps, _decay, _momentum, _dampening;
        private bool _amsgrad, _nesterov, _maximize;

        public Func<IEnumerable<Parameter>, OptimizerHelper> Torch { get; private set; } = null!;

        public Func<IEnumerable<Parameter>, OptimizerHelper> Fused { get; private set; } = null!;

        public Setting Of(string name)
        {
            (_lr, _beta1, _beta2) = (Pick(1e-4, 0.01, 0.3), Pick(0, 0.5, 0.9, 0.99), Pick(0.5, 0.9, 0.999));
            (_eps, _decay, _momentum) = (Pick(1e-12, 1e-8, 0.1), Pick(0, 0, 0.01, 0.3), Pick(0, 0.5, 0.9));
            (_amsgrad, _maximize) = (_random.Next(2) == 1, _random.Next(2) == 1);
            _nesterov = _momentum > 0 && _random.Next(2) == 1;
            _dampening = _nesterov ? 0 : Pick(0, 0, 0.5);
            Torch = name switch
            {
                "AdamW" => p => optim.AdamW(p, _lr, _beta1, _beta2, _eps, _decay, _amsgrad, _maximize),
                "Adam" => p => optim.Adam(p, _lr, _beta1, _beta2, _eps, _decay, _amsgrad, _maximize),
                _ => p => optim.SGD(p, _lr, _momentum, _dampening, _decay, _nesterov, _maximize),
            };
            Fused = name switch
            {
                "AdamW" => p => optim.FusedAdamW(p, _lr, _beta1, _beta2, _eps, _decay, _amsgrad, _maximize),
                "Adam" => p => optim.FusedAdam(p, _lr, _beta1, _beta2, _eps, _decay, _amsgrad, _maximize),
                _ => p => optim.FusedSGD(p, _lr, _momentum, _dampening, _decay, _nesterov, _maximize),
            };
            return this;
        }

        public override string ToString() => $"lr {_lr}, betas {_beta1} {_beta2}, eps {_eps}, decay {_decay}, momentum {_momentum}, " +
            $"dampening {_dampening}, amsgrad {_amsgrad}, nesterov {_nesterov}, maximize {_maximize}";

        private double Pick(params double[] values) => values[_random.Next(values.Length)];
    }

    private static Parameter[] Weights(int seed, ScalarType type = ScalarType.Float32)
    {
        using var generator = new Generator((ulong)seed);
        return [.. new long[][] { [7, 3], [19], [1] }.Select(shape => new Parameter(randn(shape, generator: generator).to(type)))];
    }

    private static void Train(OptimizerHelper optimizer, int from, int to)
    {
        for (var step = from; step < to; step++)
        {
            using var scope = NewDisposeScope();
            using var generator = new Generator((ulong)step);
            foreach (var weight in optimizer.parameters()) weight.grad = randn(weight.shape, generator: generator).to(weight.dtype);
            optimizer.step();
        }
    }

    private static void Same(Parameter[] expected, Parameter[] actual, string what)
    {
        foreach (var (one, other) in expected.Zip(actual))
        {
            var difference = (one.detach() - other.detach()).abs().max().ReadDouble();
            var size = one.detach().abs().max().ReadDouble();
            Assert.True(difference <= 1e-5 * (1 + size), $"largest difference {difference} at weights of {size}: {what}");
        }
    }

    [Theory]
    [MemberData(nameof(Settings))]
    public void The_same_arguments_give_the_same_trajectory(string name, int seed)
    {
        var setting = new Setting(seed).Of(name);
        Parameter[] theirs = Weights(seed), ours = Weights(seed);
        using var torch = setting.Torch(theirs);
        using var fused = setting.Fused(ours);
        Train(torch, 0, 10);
        Train(fused, 0, 10);
        Same(theirs, ours, $"{name}, {setting}");
    }

    /// <summary>The one setting in which TorchSharp differs from PyTorch: it turns the decay with the gradient.</summary>
    [Theory]
    [InlineData(false, 2 + (0.1 * (1 - (0.5 * 2))))] // as in PyTorch: g = -1 + 0.5 * 2; w = 2 - 0.1 g
    [InlineData(true, 2 + (0.1 * (1 + (0.5 * 2))))]  // as in TorchSharp: g = -(1 + 0.5 * 2)
    public void Maximizing_with_weight_decay_follows_TorchSharp_beside_it_and_else_PyTorch(bool asTorchSharp, double expected)
    {
        var weight = new Parameter(tensor([2.0, 2.0, 2.0]));
        using var optimizer = asTorchSharp ? optim.FusedSGD([weight], 0.1, weight_decay: 0.5, maximize: true)
            : new FusedSGD([weight], 0.1, weightDecay: 0.5, maximize: true);
        weight.grad = ones_like(weight);
        optimizer.step();
        Assert.Equal(expected, weight.detach()[0].ReadDouble(), 6);
        Assert.Throws<ArgumentOutOfRangeException>(() => optim.FusedSGD([weight], 0.1, weight_decay: -0.5, maximize: true));
        Assert.ThrowsAny<ArgumentException>(() => new FusedSGD([weight], 0.1, weightDecay: -0.5));
    }

    /// <summary>Both rules can be handed to TorchSharp and taken back.</summary>
    [Fact]
    public void Maximizing_with_weight_decay_changes_over_whatever_its_rule()
    {
        Parameter[] whole = Weights(1), weights = Weights(1);
        using var throughout = new FusedSGD(whole, 0.1, momentum: 0.9, weightDecay: 0.5, maximize: true);
        using var first = new FusedSGD(weights, 0.1, momentum: 0.9, weightDecay: 0.5, maximize: true);
        using var torch = optim.SGD(weights, 0.1, momentum: 0.9);
        using var last = new FusedSGD(weights, 0.1);
        Train(throughout, 0, 9);
        Train(first, 0, 3);
        first.CopyStateTo(torch);
        Train(torch, 3, 6);
        last.load_state_dict(torch.state_dict());
        Train(last, 6, 9);
        Same(whole, weights, "PyTorch's rule");
    }

    /// <summary>TorchSharp's files, which its exporter writes from PyTorch's optimizers too, reach the fused ones through TorchSharp's.</summary>
    [Theory]
    [MemberData(nameof(AllNames))]
    public void A_file_of_TorchSharp_is_taken_over_with_its_moments(string name)
    {
        var setting = new Setting(3).Of(name);
        Parameter[] whole = Weights(1), weights = Weights(1);
        using var throughout = setting.Torch(whole);
        Train(throughout, 0, 8);

        using var stream = new MemoryStream();
        using (var before = setting.Torch(weights))
        {
            Train(before, 0, 4);
            before.save_state_dict(new BinaryWriter(stream));
        }
        stream.Position = 0;
        using var read = setting.Torch(weights);
        read.load_state_dict(new BinaryReader(stream));
        using var fused = setting.Fused(weights);
        fused.load_state_dict(read.state_dict());
        Train(fused, 4, 8);
        Same(whole, weights, $"{name}, {setting}");
    }

    [Theory]
    [MemberData(nameof(AllNames))]
    public void Arguments_have_the_names_order_and_defaults_of_TorchSharp(string name)
    {
        static string Describe(MethodInfo method, int skip) => string.Join(", ", method.GetParameters().Skip(skip)
            .Select(p => $"{p.ParameterType.Name} {p.Name} = {(p.HasDefaultValue ? p.DefaultValue : "required")}"));
        static string First(MethodInfo method) => method.GetParameters()[0].ParameterType.ToString();
        static MethodInfo[] Named(Type type, string name) => [.. type.GetMethods().Where(m => m.Name == name && m.GetParameters().Length > 2)];

        var theirs = Named(typeof(optim), name).ToDictionary(First, method => Describe(method, 1));
        var ours = Named(typeof(OptimizerExtensions), "Fused" + name).ToDictionary(First, method => Describe(method, 1));
        Assert.Equal(3, theirs.Count);
        Assert.Equal(theirs, ours);
    }

    [Theory]
    [MemberData(nameof(Settings))]
    public void Training_changes_over_and_back_with_its_moments(string name, int seed)
    {
        var setting = new Setting(seed).Of(name);
        Parameter[] whole = Weights(seed), weights = Weights(seed);
        using var throughout = setting.Torch(whole);
        using var torch = setting.Torch(weights);
        Train(throughout, 0, 12);

        Train(torch, 0, 4);
        using var taken = setting.Fused(weights);
        taken.load_state_dict(torch.state_dict());
        Train(taken, 4, 8);
        CopyBack(taken, torch);
        Train(torch, 8, 12);
        Same(whole, weights, $"{name}, {setting}");
    }

    private static void CopyBack(OptimizerHelper fused, OptimizerHelper torch)
    {
        if (fused is FusedAdamW adamW) adamW.CopyStateTo((AdamW)torch);
        else if (fused is FusedAdam adam) adam.CopyStateTo((Adam)torch);
        else ((FusedSGD)fused).CopyStateTo((SGD)torch);
    }

    [Fact]
    public void Options_and_learning_rates_are_taken_over_group_by_group()
    {
        Parameter[] weights = Weights(1);
        using var torch = optim.AdamW([new AdamW.ParamGroup([weights[0]], lr: 0.5, weight_decay: 0.1), new AdamW.ParamGroup([weights[1]], lr: 0.25)]);
        foreach (var group in torch.ParamGroups) group.LearningRate /= 2;
        using var fused = optim.FusedAdamW([new AdamW.ParamGroup([weights[0]]), new AdamW.ParamGroup([weights[1]])]);
        fused.load_state_dict(torch.state_dict());
        Assert.Equal([0.25, 0.125], fused.ParamGroups.Select(group => group.LearningRate));
        Assert.Equal([0.5, 0.25], fused.ParamGroups.Select(group => group.InitialLearningRate));
        Assert.Equal([0.1, 0], fused.ParamGroups.Select(group => ((FusedAdamW.ParamGroup)group).Options.WeightDecay!.Value));
    }

    [Fact]
    public void Groups_may_leave_options_to_the_optimizer()
    {
        Parameter[] weights = Weights(1);
        using var fused = optim.FusedAdamW([new AdamW.ParamGroup { Parameters = weights }], lr: 0.5, weight_decay: 0.1);
        var options = ((FusedAdamW.ParamGroup)fused.ParamGroups.Single()).Options;
        Assert.Equal((0.5, 0.1), (options.LearningRate!.Value, options.WeightDecay!.Value));
    }

    [Fact]
    public void A_state_of_another_algorithm_or_shape_is_refused_and_changes_nothing()
    {
        Parameter[] weights = Weights(1), before = Weights(1);
        using var adam = optim.Adam(weights);
        using var fused = optim.FusedAdamW(weights, lr: 0.1);
        using var alone = optim.FusedAdamW(before, lr: 0.1);
        var error = Assert.Throws<ArgumentException>(() => fused.load_state_dict(adam.state_dict()));
        Assert.Contains("Adam+Options", error.Message, StringComparison.Ordinal);

        using var others = optim.AdamW([new Parameter(zeros(3, 7)), new Parameter(zeros(19)), new Parameter(zeros(1))]);
        error = Assert.Throws<ArgumentException>(() => fused.load_state_dict(others.state_dict()));
        Assert.Contains("exp_avg of parameter 0 has shape [3, 7], the parameter [7, 3]", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<ArgumentException>(() => fused.CopyStateTo(others));
        Assert.Contains("shapes", error.Message, StringComparison.Ordinal);

        Train(fused, 0, 3);
        Train(alone, 0, 3);
        foreach (var (one, other) in before.Zip(weights)) Assert.True(one.SameBits(other));
    }

    [Fact]
    public void States_given_back_are_the_receivers_own()
    {
        Parameter[] weights = Weights(1);
        using var torch = optim.AdamW(weights);
        var fused = optim.FusedAdamW(weights);
        Train(fused, 0, 3);
        fused.CopyStateTo(torch);
        fused.Dispose();
        Train(torch, 3, 5);
        Assert.All(weights, weight => Assert.True(weight.isfinite().all().Read<bool>()));
    }

    [Fact]
    public void SAM_stands_beside_the_other_optimizers()
    {
        Parameter[] weights = Weights(1);
        using var plain = optim.SAM(optim.FusedSGD(weights, 0.1), rho: 0.2);
        Assert.Equal(0.2, plain.Options.Rho);
        using var named = optim.SAM(optim.Adafactor(new[] { ("w", Weights(2)[0]) }), Recipe.Gsam());
        Assert.IsType<SurrogateGap>(named.Options.Combiner);
        using var grouped = optim.Adafactor([new Adafactor.ParamGroup([Weights(3)[0]], new Adafactor.Options { WeightDecay = 0.5 })], lr: 0.1);
        var group = (Adafactor.ParamGroup)grouped.ParamGroups.Single();
        Assert.Equal((0.1, 0.5), (group.LearningRate, group.Options.WeightDecay));
    }
}
