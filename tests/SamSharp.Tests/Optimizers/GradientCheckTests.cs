using SamSharp.Optimizers;
using TorchSharp.Modules;

namespace SamSharp.Tests.Optimizers;

/// <summary>Gradients that do not fit, which libtorch lets a parameter have, are refused before anything is read from them.</summary>
[TensorScope]
public class GradientCheckTests
{
    private static readonly Dictionary<string, Func<Parameter[], OptimizerHelper>> Optimizers = new()
    {
        ["AdamW"] = p => new FusedAdamW(p, 0.1),
        ["SGD"] = p => new FusedSGD(p, 0.1, momentum: 0.9),
        ["Adafactor"] = p => new Adafactor(p, 0.1),
        ["Lion"] = p => new Lion(p, 0.1),
    };

    private static readonly Dictionary<string, Func<Tensor>> Gradients = new()
    {
        ["one number"] = () => ones(1),
        ["a row"] = () => ones(2),
        ["flat"] = () => ones(6),
        ["transposed"] = () => ones(2, 3),
        ["a dimension more"] = () => ones(3, 2, 1),
        ["more rows"] = () => ones(4, 2),
        ["float64"] = () => ones(3, 2, float64),
        ["bfloat16"] = () => ones(3, 2, bfloat16),
        ["int32, as many bytes"] = () => ones(3, 2, int32),
        ["nothing"] = () => ones(0),
    };

    public static TheoryData<string, string> Cases()
    {
        var cases = new TheoryData<string, string>();
        foreach (var optimizer in Optimizers.Keys)
        {
            foreach (var gradient in Gradients.Keys) cases.Add(optimizer, gradient);
        }
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_gradient_that_does_not_fit_is_refused_and_nothing_has_moved(string name, string gradient)
    {
        Parameter first = new(ones(5)), second = new(ones(3, 2));
        using var optimizer = Optimizers[name]([first, second]);
        first.grad = ones(5);
        second.grad = ones(3, 2);
        optimizer.step();
        using var stream = new MemoryStream();
        using (var writer = new BinaryWriter(stream)) optimizer.save_state_dict(writer);
        using Tensor before = first.detach().clone(), besides = second.detach().clone();

        second.grad = Gradients[gradient]();
        var live = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        var message = Assert.Throws<InvalidOperationException>(() => optimizer.step()).Message;
        Assert.Contains("shape [3, 2]", message, StringComparison.Ordinal);
        Assert.Equal(live, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
        Assert.True(first.SameBits(before) && second.SameBits(besides));
        Assert.Equal([1, 1], optimizer.state_dict().State.Cast<ParameterState>().Select(state => state.Step));

        second.grad = ones(3, 2);
        optimizer.step();
        Assert.False(second.SameBits(besides));
    }

    [Theory]
    [InlineData("AdamW")]
    [InlineData("Adafactor")]
    public void A_parameter_that_got_another_size_after_its_state_was_made_is_not_walked(string name)
    {
        var weight = new Parameter(ones(4));
        using var optimizer = Optimizers[name]([weight]);
        weight.grad = ones(4);
        optimizer.step();
        using (no_grad()) weight.set_(ones(100_000));
        foreach (var gradient in new[] { ones(4), ones(100_000) })
        {
            weight.grad = gradient;
            Assert.Contains("it had shape [4]", Assert.Throws<InvalidOperationException>(() => optimizer.step()).Message, StringComparison.Ordinal);
        }
        Assert.Equal(1, ((ParameterState)optimizer.state_dict().State[0]).Step);
    }
}
