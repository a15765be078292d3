using SamSharp.Optimizers;
using SamSharp.Steps;
using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.Wrapper;

/// <summary>Weights that an optimizer cannot hold, and weights that change under it, are refused before anything native is done with them.</summary>
[TensorScope]
public class ParameterChangeTests
{
    private static readonly Dictionary<string, Func<Parameter[], OptimizerHelper>> Optimizers = new()
    {
        ["SAM on SGD"] = p => new SharpnessAwareOptimizer(optim.SGD(p, 0.1)),
        ["SAM on FusedAdamW"] = p => new FusedAdamW(p, 0.1).WithSharpnessAwareness(),
        ["FusedAdamW"] = p => new FusedAdamW(p, 0.1),
        ["FusedSGD"] = p => new FusedSGD(p, 0.1, momentum: 0.9),
        ["Adafactor"] = p => new Adafactor(p, 0.1),
        ["bSAM"] = p => new BSam(p, 64),
        ["SASSHA"] = p => new Sassha(p),
    };

    private static readonly Dictionary<string, (Func<Parameter> Make, string Reason)> Impossible = new()
    {
        ["meta"] = (() => new(ones(3, device: META)), "is on the meta device"),
        ["sparse"] = (() => new(sparse_coo_tensor(tensor(new long[] { 0, 1, 1, 0 }, [2, 2]), ones(2), [3, 3])), "is sparse"),
        ["complex"] = (() => new(ones(3, complex64)), "has dtype ComplexFloat32"),
        ["disposed"] = (Disposed, "has been disposed"),
    };

    private static readonly Dictionary<string, Action<Parameter>> Changes = new()
    {
        ["a row more"] = weight => weight.set_(ones(4, 2)),
        ["much larger"] = weight => weight.set_(ones(100_000)),
        ["a dimension more"] = weight => weight.unsqueeze_(0),
        ["expanded"] = weight => weight.set_(ones(1, 2).expand(3, 2)),
        ["disposed"] = weight => weight.Dispose(),
    };

    public static TheoryData<string, string> Refused => Pairs(Impossible.Keys);

    public static TheoryData<string, string> Changed => Pairs(Changes.Keys);

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_an_optimizer_cannot_hold_its_constructor_refuses(string name, string kind)
    {
        if (kind == "disposed" && name == "SAM on SGD") return; // TorchSharp's own constructor refuses it
        var (make, reason) = Impossible[kind];
        Parameter good = new(ones(2)), bad = make();
        var error = Assert.Throws<ArgumentException>(() => Optimizers[name]([good, bad]));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.Contains("arameter 1", error.Message, StringComparison.Ordinal);
        using var optimizer = Optimizers[name]([good]); // the failure has left nothing behind
        using var another = Optimizers[name]([bad = new(ones(2))]);
        Assert.Throws<ArgumentException>(() => another.add_param_group(new SGD.ParamGroup { Parameters = [good, make()] }));
    }

    [Fact]
    public void Weights_that_were_disposed_after_the_base_was_built_are_refused()
    {
        var weight = new Parameter(ones(2));
        using var sgd = optim.SGD([weight], 0.1);
        weight.Dispose();
        Assert.Contains("Parameter 0 of group 0 has been disposed", Assert.Throws<ArgumentException>(() => new SharpnessAwareOptimizer(sgd)).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Changed))]
    public void A_weight_that_changes_between_steps_is_refused_by_step_and_load(string name, string change)
    {
        Parameter first = new(ones(5)), second = new(ones(3, 2));
        var optimizer = Optimizers[name]([first, second]); // what it holds of the disposed weight is not to be freed twice
        void Step() => StepOf(optimizer, () => first.Squared().sum().Plus(second.Squared().sum()), first, second);
        Step();
        using var stream = new MemoryStream();
        var writer = new BinaryWriter(stream);
        optimizer.save_state_dict(writer);
        var before = first.detach().clone();
        using (no_grad()) Changes[change](second);

        if (change != "disposed")
        {
            var message = Assert.Throws<InvalidOperationException>(Step).Message;
            Assert.Contains("it had shape [3, 2] and type Float32 on CPU when the optimizer was built", message, StringComparison.Ordinal);
            Assert.Contains("arameter 1", message, StringComparison.Ordinal);
        }
        else
        {
            Assert.Contains("has been disposed", Assert.Throws<InvalidOperationException>(
                () => StepOf(optimizer, () => first.Squared().sum(), first)).Message, StringComparison.Ordinal);
        }
        Close.Bits(before, first);
        if (optimizer is not SharpnessAwareOptimizer sam) return;
        stream.Position = 0;
        Assert.Contains("Parameter 1 of group 0 ", Assert.Throws<InvalidOperationException>(
            () => sam.load_state_dict(new BinaryReader(stream))).Message, StringComparison.Ordinal);
        Assert.Equal(1, sam.LastStep.Step);
    }

    [Fact]
    public void A_weight_that_changes_in_the_closure_is_refused_and_the_others_are_back()
    {
        foreach (var pass in new[] { 1, 2 })
        {
            Parameter first = new(ones(5)), second = new(ones(5000));
            using var optimizer = new FusedSGD([first, second], 0.1).WithSharpnessAwareness();
            var calls = 0;
            var error = Assert.Throws<InvalidOperationException>(() => optimizer.Step(() =>
            {
                var loss = first.Squared().sum().Plus(second.Squared().sum());
                loss.backward();
                using var noGradient = no_grad();
                if (++calls == pass) second.unsqueeze_(0);
                return loss;
            }));
            Assert.Contains("it had shape [5000]", error.Message, StringComparison.Ordinal);
            Close.Bits(ones(5), first);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_model_that_is_converted_under_its_optimizer_is_refused(bool toMeta)
    {
        using var layer = nn.Linear(3, 2);
        using var optimizer = new FusedAdamW(layer.parameters(), 0.1).WithSharpnessAwareness();
        if (toMeta) layer.to(META);
        else layer.to(float64);
        var x = toMeta ? ones(1, 3, device: META) : ones(1, 3, float64);
        var error = Assert.Throws<InvalidOperationException>(() => optimizer.Step(() =>
        {
            var loss = layer.call(x).sum();
            loss.backward();
            return loss;
        }));
        Assert.Contains("Parameter 0 of group 0 has ", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Type and device, which TorchSharp gives no way to change in place.</summary>
    [Fact]
    public void Another_type_or_device_is_a_change()
    {
        Parameter weight = new(ones(3, 2)), meta = new(ones(3, 2, device: META));
        Assert.Null(ParameterCheck.Change(weight, TensorKind.Of(weight)));
        Assert.Contains("has shape [3, 2] and type Float32 on CPU", ParameterCheck.Change(weight, TensorKind.Of(ones(3, 2, float64))),
            StringComparison.Ordinal);
        Assert.Contains("it had shape [3, 2] and type Float32 on CPU", ParameterCheck.Change(meta, TensorKind.Of(weight)), StringComparison.Ordinal);
        Assert.Null(ParameterCheck.Change(new(ones(1, 0, 3).expand(2, 0, 3)), TensorKind.Of(ones(2, 0, 3)))); // it has no elements
    }

    private static void StepOf(OptimizerHelper optimizer, Func<Tensor> loss, params Parameter[] parameters)
    {
        Tensor Backward()
        {
            var value = loss();
            value.backward();
            return value;
        }
        foreach (var parameter in parameters) parameter.grad = null;
        if (optimizer is Sassha sassha) sassha.Step(loss);
        else optimizer.step(Backward);
    }

    private static Parameter Disposed()
    {
        var parameter = new Parameter(ones(3));
        parameter.Dispose();
        return parameter;
    }

    private static TheoryData<string, string> Pairs(IEnumerable<string> second)
    {
        var pairs = new TheoryData<string, string>();
        foreach (var name in Optimizers.Keys)
        {
            foreach (var other in second) pairs.Add(name, other);
        }
        return pairs;
    }
}
