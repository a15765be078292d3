using SamSharp.Optimizers;
using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.Lora;

/// <summary>What a low-rank addition is, and how it comes into a model and out of it.</summary>
[TensorScope]
[Collection(GlobalRandomNumbers.Name)]
public class LoraTests
{
    private const string Prefix = "base_model.model.";

    [Fact]
    public void It_adds_the_scaled_product_to_the_layer()
    {
        using var layer = nn.Linear(2, 2, dtype: float64);
        var lora = new LoraLinear(layer, rank: 1, alpha: 3);
        using var unused = no_grad();
        layer.weight!.copy_(tensor(new double[] { 1, 2, 3, 4 }, [2, 2]));
        layer.bias!.copy_(tensor(new double[] { 10, 20 }));
        lora.A.copy_(tensor(new double[] { 1, -1 }, [1, 2]));
        lora.B.copy_(tensor(new double[] { 2, 5 }, [2, 1]));
        // W x + b = (15, 31), A x = -1 for x = (1, 2), and 3 B A x = (-6, -15).
        Close.To([9, 16], layer.call(tensor(new double[] { 1, 2 }, [1, 2])).ReadAll<double>(), 1e-12);
        Close.To([6, -6, 15, -15], lora.Addition().ReadAll<double>(), 1e-12);
    }

    [Fact]
    public void It_begins_as_the_model_itself()
    {
        using var model = new LoraNetwork();
        var x = randn(4, 6, dtype: float64);
        var before = model.call(x);
        LoraAdapters.Inject(model, (_, layer) => layer is Linear or OwnLinear);
        Close.Bits(before, model.call(x));
    }

    [Fact]
    public void Layers_are_found_by_name_and_by_type()
    {
        Assert.Equal(["last", "middle"], LoraAdapters.Inject(new LoraNetwork(), ["middle", "last"]).Layers.Keys.Order());
        Assert.Equal(["first", "last"], LoraAdapters.Inject(new LoraNetwork(), (_, layer) => layer is Linear).Layers.Keys.Order());
        Assert.Equal(["middle"], LoraAdapters.Inject(new LoraNetwork(), (path, _) => path.StartsWith('m')).Layers.Keys);
        var nested = nn.Sequential(("body", nn.Sequential(("q", nn.Linear(2, 2)))), ("bq", nn.Linear(2, 2)));
        Assert.Equal(["body.q"], LoraAdapters.Inject(nested, ["q"]).Layers.Keys);
    }

    [Fact]
    public void Only_the_factors_train_and_SAM_perturbs_them_alone()
    {
        using var model = new LoraNetwork();
        var frozen = model.parameters().ToArray();
        var before = Array.ConvertAll(frozen, parameter => parameter.detach().clone());
        var adapters = LoraAdapters.Inject(model, ["first", "middle"], rank: 2);
        using var optimizer = new FusedAdamW(adapters.Parameters(), 0.05).WithSharpnessAwareness(rho: 0.1);
        Assert.Equal(4, optimizer.Parameters.Count);
        var closure = Backward(model);
        var losses = Enumerable.Range(0, 30).Select(_ => optimizer.Step(closure).ReadDouble()).ToArray();
        Assert.True(losses[^1] < 0.7 * losses[0], $"{losses[0]} to {losses[^1]}");
        foreach (var (parameter, was) in frozen.Zip(before)) Close.Bits(was, parameter);
        Assert.All(frozen, parameter => Assert.Null(parameter.grad));
    }

    [Fact]
    public void A_part_can_train_whole()
    {
        using var model = new LoraNetwork();
        var adapters = LoraAdapters.Inject(model, (_, layer) => layer is Linear or OwnLinear, trained: model.Last);
        Assert.Equal(["first", "middle"], adapters.Layers.Keys);
        Assert.Equal(6, adapters.Parameters().Count());
        Assert.All(adapters.Parameters(), parameter => Assert.True(parameter.requires_grad));
        Assert.Contains(Prefix + "last.bias", adapters.State().Keys);
    }

    [Fact]
    public void A_merged_layer_works_alone_and_unmerging_restores_its_bits()
    {
        using var model = new LoraNetwork();
        var adapters = Trained(model);
        var weights = adapters.Layers.Values.Select(layer => layer.Weight.detach().clone()).ToArray();
        var x = randn(4, 6, dtype: float64);
        var with = model.call(x);
        adapters.Merge();
        adapters.Merge();
        Assert.True(adapters.IsMerged);
        Close.To(with, model.call(x), 1e-12);
        Assert.All(adapters.Layers.Values.Zip(weights), pair => Assert.False(pair.First.Weight.allclose(pair.Second)));
        adapters.Unmerge();
        Assert.False(adapters.IsMerged);
        foreach (var (layer, weight) in adapters.Layers.Values.Zip(weights)) Close.Bits(weight, layer.Weight);
        Close.Bits(with, model.call(x));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Layers_of_a_disposed_model_are_refused_by_name(bool merged)
    {
        var model = new LoraNetwork();
        var adapters = Trained(model);
        if (merged) adapters.Merge();
        model.Dispose();
        foreach (var act in new[] { adapters.Merge, adapters.Unmerge, adapters.Layers["middle"].Merge, adapters.Layers["middle"].Unmerge })
            Assert.Throws<ObjectDisposedException>(act);
        Assert.Throws<ObjectDisposedException>(adapters.State);
        Assert.Throws<ObjectDisposedException>(() => adapters.Load(new Dictionary<string, Tensor>()));
        Assert.Contains(nameof(OwnLinear), Assert.Throws<ObjectDisposedException>(adapters.Layers["middle"].Merge).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void One_disposed_layer_leaves_the_others_as_they_were()
    {
        using var model = new LoraNetwork();
        var adapters = Trained(model);
        using var weight = adapters.Layers["first"].Weight.detach().clone();
        adapters.Layers["middle"].Layer.Dispose();
        Assert.Throws<ObjectDisposedException>(adapters.Merge);
        Close.Bits(weight, adapters.Layers["first"].Weight);
    }

    /// <summary>W + scale B A in bfloat16 minus scale B A would not be W.</summary>
    [Fact]
    public void Unmerging_is_exact_in_half_precision_too()
    {
        using var layer = nn.Linear(8, 8, dtype: bfloat16);
        var lora = new LoraLinear(layer);
        Assert.Equal(float32, lora.A.dtype);
        using (no_grad()) lora.B.normal_();
        var weight = layer.weight!.detach().clone();
        lora.Merge();
        var merged = layer.weight!.detach().to(float32);
        Close.To(weight.to(float32).Plus(lora.Addition()).to(bfloat16), merged, 0);
        lora.Unmerge();
        Close.Bits(weight, layer.weight!);
        Assert.Equal(bfloat16, layer.call(randn(2, 8).to(bfloat16)).dtype);
    }

    [Fact]
    public void Dropout_acts_in_training_alone()
    {
        using var layer = nn.Linear(400, 1, hasBias: false, dtype: float64);
        var lora = new LoraLinear(layer, rank: 1, alpha: 1, dropout: 0.5);
        using var unrecorded = no_grad();
        layer.weight!.Fill(0);
        lora.A.Fill(1);
        lora.B.Fill(1);
        var x = ones(1, 400, float64);
        var trained = layer.call(x).ReadDouble();
        Assert.NotEqual(400, trained);
        Assert.InRange(trained, 300, 500);
        layer.eval();
        Assert.Equal(400, layer.call(x).ReadDouble(), 1e-9);
    }

    [Fact]
    public void Adapters_are_saved_alone_under_the_usual_names()
    {
        using var model = new LoraNetwork();
        var adapters = Trained(model);
        var state = adapters.State();
        string[] expected = [.. new[] { "first", "middle" }.SelectMany(path => new[] { $"{path}.lora_A.weight", $"{path}.lora_B.weight" })];
        Assert.Equal(expected.Select(name => Prefix + name), state.Keys.Order());
        Assert.Equal([2, 6], state[Prefix + "first.lora_A.weight"].shape);
        Assert.Equal([5, 2], state[Prefix + "first.lora_B.weight"].shape);
        Assert.Subset(model.named_parameters().Select(item => item.name).ToHashSet(), expected.ToHashSet());

        using var other = new LoraNetwork();
        var loaded = LoraAdapters.Inject(other, ["first", "middle"], rank: 2);
        loaded.Load(state);
        var x = randn(4, 6, dtype: float64);
        Close.Bits(model.call(x), other.call(x));
    }

    [Fact]
    public void A_state_that_does_not_match_is_refused_and_changes_nothing()
    {
        using var model = new LoraNetwork();
        var adapters = LoraAdapters.Inject(model, ["first", "middle"], rank: 2);
        var before = adapters.State().ToDictionary(item => item.Key, item => item.Value.clone());
        var state = Trained(new LoraNetwork()).State().ToDictionary();
        var shape = Assert.Throws<ArgumentException>(() =>
            adapters.Load(LoraAdapters.Inject(new LoraNetwork(), ["first", "middle"], rank: 3).State()));
        Assert.Contains("[3, 6] instead of [2, 6]", shape.Message, StringComparison.Ordinal);
        state.Remove(Prefix + "middle.lora_B.weight", out var removed);
        Assert.Contains("no 'base_model.model.middle.lora_B.weight'",
            Assert.Throws<ArgumentException>(() => adapters.Load(state)).Message, StringComparison.Ordinal);
        state = new(state) { [Prefix + "middle.lora_B.weight"] = removed!, ["other"] = removed! };
        Assert.Contains("'other'", Assert.Throws<ArgumentException>(() => adapters.Load(state)).Message, StringComparison.Ordinal);
        foreach (var (name, tensor) in adapters.State()) Close.Bits(before[name], tensor);
    }

    [Fact]
    public void Values_that_are_no_numbers_are_refused_by_name()
    {
        using var model = new LoraNetwork();
        var adapters = LoraAdapters.Inject(model, ["first"], rank: 2);
        var state = adapters.State();
        foreach (var bad in new Func<Tensor, Tensor?>[] { _ => null, good => zeros_like(good, device: META), good => good.to(complex64), Disposed })
        {
            var error = Assert.Throws<ArgumentException>(() => adapters.Load(state.ToDictionary(item => item.Key, item => bad(item.Value)!)));
            Assert.Contains(Prefix, error.Message, StringComparison.Ordinal);
        }

        static Tensor Disposed(Tensor good)
        {
            var copy = good.clone();
            copy.Dispose();
            return copy;
        }
    }

    [Fact]
    public void What_cannot_be_is_refused_before_anything_changes()
    {
        using var model = nn.Sequential(("one", nn.Linear(2, 2)), ("two", nn.LayerNorm([2])));
        Assert.Contains("no layer 'three'. It has: one.",
            Assert.Throws<ArgumentException>(() => LoraAdapters.Inject(model, ["three"])).Message, StringComparison.Ordinal);
        Assert.Contains("'two'", Assert.Throws<ArgumentException>(() => LoraAdapters.Inject(model, ["one", "two"])).Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => LoraAdapters.Inject(model, (_, _) => false));
        Assert.Throws<ArgumentOutOfRangeException>(() => LoraAdapters.Inject(model, ["one"], rank: 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => LoraAdapters.Inject(model, ["one"], dropout: 1));
        Assert.All(model.parameters(), parameter => Assert.True(parameter.requires_grad));
        LoraAdapters.Inject(model, ["one"]);
        Assert.Contains("already", Assert.Throws<ArgumentException>(() => LoraAdapters.Inject(model, ["one"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Autocast_computes_the_addition_in_16_bits_as_well()
    {
        using var layer = nn.Linear(16, 16);
        var lora = new LoraLinear(layer);
        using (no_grad()) lora.B.normal_();
        var x = randn(4, 16);
        var whole = layer.call(x);
        Tensor rounded;
        using (Autocast.BFloat16(CPU)) rounded = layer.call(x);
        Assert.Equal(bfloat16, rounded.dtype);
        Close.To(whole, rounded, 0.3);
        rounded.to(float32).sum().backward();
        Assert.NotNull(lora.A.grad);
    }

    [Fact]
    public void A_step_leaves_no_tensors_behind()
    {
        using var model = new LoraNetwork();
        var adapters = LoraAdapters.Inject(model, ["first", "middle"], dropout: 0.1);
        using var optimizer = optim.SGD(adapters.Parameters(), 0.1).WithSharpnessAwareness();
        var closure = Backward(model);
        for (var t = 0; t < 2; t++) optimizer.Step(closure).Dispose();
        var alive = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (var t = 0; t < 4; t++) optimizer.Step(closure).Dispose();
        Assert.Equal(alive, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        adapters.Merge();
        adapters.Unmerge();
        Assert.Equal(alive, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    internal static Func<Tensor> Backward(nn.Module<Tensor, Tensor> model)
    {
        var (x, y) = (randn(16, 6, dtype: float64), randint(0, 3, 16));
        return () =>
        {
            using var scope = NewDisposeScope();
            var loss = nn.functional.cross_entropy(model.call(x), y);
            loss.backward();
            return loss.MoveToOuterDisposeScope();
        };
    }

    private static LoraAdapters Trained(LoraNetwork model)
    {
        var adapters = LoraAdapters.Inject(model, ["first", "middle"], rank: 2);
        using var optimizer = optim.SGD(adapters.Parameters(), 0.5).WithSharpnessAwareness();
        for (var t = 0; t < 3; t++) optimizer.Step(Backward(model)).Dispose();
        return adapters;
    }
}
