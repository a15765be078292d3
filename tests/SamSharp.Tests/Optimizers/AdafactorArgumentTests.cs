using SamSharp.Optimizers;
using TorchSharp.Modules;

namespace SamSharp.Tests.Optimizers;

/// <summary>What is refused, and how it is said.</summary>
[TensorScope]
public class AdafactorArgumentTests
{
    private static Parameter Weight => new(zeros(2, 3));

    public static TheoryData<Adafactor.Options, string> Wrong => new()
    {
        { new() { LearningRate = -1 }, "lr is -1" },
        { new() { LearningRate = double.NaN }, "lr is NaN" },
        { new() { LearningRate = 0.1, RelativeStep = true }, "lr is 0.1 and relativeStep is true" },
        { new() { RelativeStep = false }, "lr is missing" },
        { new() { LearningRate = 0.1, WarmupInit = true }, "warmupInit is true" },
        { new() { Epsilon1 = -2 }, "epsilon1 is -2" },
        { new() { Epsilon2 = double.PositiveInfinity }, "epsilon2 is Infinity" },
        { new() { ClipThreshold = 0 }, "clipThreshold is 0" },
        { new() { DecayRate = 0.8 }, "decayRate is 0.8" },
        { new() { Beta1 = 1 }, "beta1 is 1" },
        { new() { WeightDecay = -0.1 }, "weightDecay is -0.1" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void A_value_out_of_range_is_named(Adafactor.Options options, string message)
    {
        using var optimizer = new Adafactor([Weight]);
        var group = new Adafactor.ParamGroup([Weight], options);
        Assert.Contains(message, Assert.ThrowsAny<ArgumentException>(() => optimizer.add_param_group(group)).Message);
        Assert.Single(optimizer.ParamGroups);
    }

    [Fact]
    public void The_constructor_refuses_the_same()
    {
        Assert.Contains("lr is 0.1 and relativeStep is true",
            Assert.Throws<ArgumentException>(() => new Adafactor([Weight], lr: 0.1, relativeStep: true)).Message);
        Assert.Contains("lr is missing", Assert.Throws<ArgumentException>(() => new Adafactor([Weight], relativeStep: false)).Message);
        Assert.Contains("kernel is 9", Assert.Throws<ArgumentException>(() => new Adafactor([Weight], kernel: (UpdateKernels)9)).Message);
    }

    [Fact]
    public void A_parameter_given_twice_is_refused()
    {
        var weight = Weight;
        Assert.Contains("[2, 3]", Assert.Throws<ArgumentException>(() => new Adafactor([weight, weight])).Message);
        using var optimizer = new Adafactor([weight]);
        Assert.Throws<ArgumentException>(() => optimizer.add_param_group(new Adafactor.ParamGroup([weight])));
    }

    [Fact]
    public void A_sparse_gradient_is_refused_before_anything_moves()
    {
        Parameter dense = new(ones(2)), sparse = new(ones(2, 3));
        using var optimizer = new Adafactor([dense, sparse]);
        dense.grad = ones(2);
        sparse.grad = ones(2, 3).to_sparse();
        Assert.Contains("[2, 3]", Assert.Throws<NotSupportedException>(() => optimizer.step()).Message);
        Assert.True(dense.SameBits(ones(2)));
        Assert.Equal(0, ((ParameterState)optimizer.state_dict().State[0]).Step);
    }

    [Fact]
    public void A_disposed_parameter_is_named_as_the_reason()
    {
        var weight = Weight;
        using var optimizer = new Adafactor([weight]);
        weight.Dispose();
        Assert.Contains("build the optimizer", Assert.Throws<InvalidOperationException>(() => optimizer.step()).Message);
    }
}
