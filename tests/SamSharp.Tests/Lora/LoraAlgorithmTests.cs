using SamSharp.Tests.Support;
using TorchSharp.Modules;
using static SamSharp.Tests.Lora.LoraPair;

namespace SamSharp.Tests.Lora;

/// <summary>Flat-LoRA and Bi-LoRA on one pair of rank 1, by hand.</summary>
[TensorScope]
[Collection(GlobalRandomNumbers.Name)]
public class LoraAlgorithmTests
{
    /// <summary>The noise of step t is f_t rho |row| / sqrt(2) times a standard normal draw, on the output for x.</summary>
    [Fact]
    public void Flat_LoRA_s_noise_has_the_rule_s_size_and_leaves_every_bit_of_the_weight()
    {
        using var layer = nn.Linear(100, 50, hasBias: false, dtype: float64);
        var adapters = LoraAdapters.Inject(layer, (_, _) => true, rank: 2);
        using (no_grad()) adapters.Layers[""].B.normal_();
        using var optimizer = optim.SGD(adapters.Parameters(), 0).WithSharpnessAwareness(rho: 0);
        var (x, before) = (eye(100, dtype: float64), layer.weight!.detach().clone());
        var clean = layer.call(x).detach();
        var rows = adapters.Layers[""].Addition().Plus(layer.weight!).Squared().sum(1).sqrt();
        var seen = new List<Tensor>();
        foreach (var expected in new[] { 0, 0.25, 0.75, 1, 1 })
        {
            optimizer.FlatLoraStep(() =>
            {
                var output = layer.call(x);
                output.sum().backward();
                seen.Add(output.detach().sub(clean));
                return output.sum();
            }, adapters, steps: 3, rho: 0.2).Dispose();
            var lengths = seen[^1].t().Squared().sum(1).sqrt().div(rows); // of each row of the noise
            Assert.Equal(expected * 0.2, lengths.mean([0]).ReadDouble(), 0.01);
            Assert.True(lengths.max().ReadDouble() <= (expected * 0.2 * 1.35) + 1e-12);
        }
        Assert.False(seen[3].allclose(seen[4]), "the draws of two steps are the same");
        Close.Bits(before, layer.weight!);
        Close.Bits(clean, layer.call(x).detach());
    }

    [Fact]
    public void Flat_LoRA_without_noise_is_LoRA_and_a_failing_closure_leaves_none()
    {
        var (layer, adapters, pair) = One();
        using var optimizer = optim.SGD(adapters.Parameters(), 0.1).WithSharpnessAwareness(rho: 0);
        Assert.Throws<ThrownByTest>(() => optimizer.FlatLoraStep(() => throw new ThrownByTest(), adapters, 1, rho: 9));
        optimizer.FlatLoraStep(Sum(layer), adapters, steps: 10).Dispose(); // the first step's share is 0
        Close.To([0.3, 0.5], pair.B.ReadAll<double>(), 1e-12);
        Close.To([2.86, 4], pair.A.ReadAll<double>(), 1e-12);
    }

    [Fact]
    public void Flat_LoRA_draws_the_same_noise_after_a_resume()
    {
        var (first, second) = (One(), One());
        using var model = first.Layer;
        using var optimizer = optim.SGD(first.Adapters.Parameters(), 0.01).WithSharpnessAwareness(rho: 0);
        Tensor Step(SharpnessAwareOptimizer own, (Linear Layer, LoraAdapters Adapters, LoraLinear) on) =>
            own.FlatLoraStep(Squares(on.Layer), on.Adapters, steps: 4, rho: 0.5);
        for (var t = 0; t < 3; t++) Step(optimizer, first).Dispose();
        using var stream = new MemoryStream();
        optimizer.save_state_dict(new BinaryWriter(stream));
        second.Adapters.Load(first.Adapters.State());
        using var resumed = optim.SGD(second.Adapters.Parameters(), 0.01).WithSharpnessAwareness(rho: 0);
        stream.Position = 0;
        resumed.load_state_dict(new BinaryReader(stream));
        for (var t = 0; t < 3; t++) Assert.Equal(Step(optimizer, first).ReadDouble(), Step(resumed, second).ReadDouble());
        Close.Bits(first.Item3.B, second.Item3.B);
    }

    /// <summary>B2 = (0.3, 0.4)', A2 = (0.2, 0): the output for x gains 0.2 B2. Uphill with lr 0.1: B2's gradient is 0.2 in both entries, A2's
    /// (0.7, 0). The first pair goes downhill as ever.</summary>
    [Fact]
    public void Bi_LoRA_climbs_with_the_second_pair_and_shortens_it()
    {
        foreach (var rho in new[] { 10, 0.05 })
        {
            var (layer, adapters, pair) = One();
            adapters.AddSecondPairs();
            var (a, b) = (pair.Second!.Value.A.Weight, pair.Second.Value.B.Weight);
            using (no_grad())
            {
                a.copy_(tensor(new[] { 0.2, 0 }, [1, 2]));
                b.copy_(tensor(new[] { 0.3, 0.4 }, [2, 1]));
            }
            using var optimizer = optim.SGD(adapters.Parameters(), 0.1).WithSharpnessAwareness(rho: 0);
            Assert.Equal(1 + 3 + (3 * 1.4) + (0.2 * 0.7), optimizer.BiLoraStep(Sum(layer), adapters, rho).ReadDouble(), 1e-12);
            Close.To([0.3, 0.5], pair.B.ReadAll<double>(), 1e-12);
            Close.To([2.86, 4], pair.A.ReadAll<double>(), 1e-12);
            // |B2 A2| = |(0.32, 0.42)| 0.27
            var shrink = Math.Sqrt(Math.Min(1, rho / (Math.Sqrt((0.32 * 0.32) + (0.42 * 0.42)) * 0.27)));
            Close.To([0.32 * shrink, 0.42 * shrink], b.ReadAll<double>(), 1e-12);
            Close.To([0.27 * shrink, 0], a.ReadAll<double>(), 1e-12);
            Assert.Null(a.grad);
        }
    }

    /// <summary>Norms (0.6, 0.8), so c = 1, and rho 0.05: a factor of 0.2236067977 on both matrices.</summary>
    [Fact]
    public void Bi_LoRA_measures_all_layers_together()
    {
        using var model = nn.Sequential(nn.Linear(1, 1, hasBias: false, dtype: float64), nn.Linear(1, 1, hasBias: false, dtype: float64));
        var adapters = LoraAdapters.Inject(model, (_, layer) => layer is Linear, rank: 1);
        adapters.AddSecondPairs();
        var factors = adapters.Layers.Values.Select(layer => layer.Second!.Value).ToArray();
        using (no_grad())
        {
            foreach (var ((a, b), norm) in factors.Zip([0.6, 0.8]))
            {
                a.Weight.Fill(1);
                b.Weight.Fill(norm);
            }
        }
        using var optimizer = optim.SGD(adapters.Parameters(), 0).WithSharpnessAwareness(rho: 0);
        optimizer.BiLoraStep(Squares(model, 1), adapters).Dispose();
        Close.To([0.2236067977, 0.6 * 0.2236067977, 0.2236067977, 0.8 * 0.2236067977],
            [.. factors.SelectMany(pair => new[] { pair.A.Weight.ReadDouble(), pair.B.Weight.ReadDouble() })], 1e-9);
    }

    /// <summary>With no room to climb the second pairs are nothing after the first step, and nothing from there on.</summary>
    [Fact]
    public void Bi_LoRA_without_a_radius_is_LoRA()
    {
        var ((layer, adapters, pair), (plain, own, alone)) = (One(), One());
        using var first = optim.SGD(adapters.Parameters(), 0.01).WithSharpnessAwareness(rho: 0);
        using var second = optim.SGD(own.Parameters(), 0.01).WithSharpnessAwareness(rho: 0);
        for (var t = 0; t < 3; t++)
        {
            first.BiLoraStep(Squares(layer), adapters, rho: 0).Dispose();
            second.Step(Squares(plain)).Dispose();
        }
        Close.To(alone.B, pair.B, 1e-14);
        Close.To(alone.A, pair.A, 1e-14);
        Assert.Equal(0, pair.Second!.Value.B.Weight.abs().max().ReadDouble());
    }

    [Fact]
    public void Bi_LoRA_s_second_pairs_act_in_training_alone_and_can_be_saved_and_dropped()
    {
        var (layer, adapters, pair) = One();
        using var optimizer = optim.SGD(adapters.Parameters(), 0.1).WithSharpnessAwareness(rho: 0);
        var x = ones(1, 2, float64);
        for (var t = 0; t < 3; t++) optimizer.BiLoraStep(Sum(layer), adapters, rho: 1).Dispose();
        var trained = layer.call(x).detach();
        Assert.Equal(4, adapters.State().Count);

        var (other, loaded, _) = One();
        loaded.AddSecondPairs();
        loaded.Load(adapters.State());
        Close.Bits(trained, other.call(x).detach());
        using (var resumed = optim.SGD(loaded.Parameters(), 0.1).WithSharpnessAwareness(rho: 0))
        {
            Close.To(optimizer.BiLoraStep(Sum(layer), adapters, 1), resumed.BiLoraStep(Sum(other), loaded, 1), 0);
            Close.Bits(pair.Second!.Value.A.Weight, loaded.Layers[""].Second!.Value.A.Weight);
        }

        layer.eval();
        var evaluated = layer.call(x).detach();
        layer.train();
        Assert.False(evaluated.allclose(layer.call(x)));
        adapters.DropSecondPairs();
        Close.Bits(evaluated, layer.call(x).detach());
        Assert.Equal(2, adapters.State().Count);
        adapters.AddSecondPairs();
        Close.To(evaluated, layer.call(x).detach(), 0); // a new one begins at 0
    }

    [Fact]
    public void Bi_LoRA_leaves_a_skipped_step_alone_and_refuses_to_descend_its_second_pairs()
    {
        var (layer, adapters, pair) = One();
        adapters.AddSecondPairs();
        var before = pair.Second!.Value.A.Weight.detach().clone();
        using var optimizer = optim.SGD(adapters.Parameters(), 0.1).WithSharpnessAwareness(rho: 0);
        optimizer.BiLoraStep(Sum(layer, double.NaN), adapters).Dispose();
        Close.Bits(before, pair.Second.Value.A.Weight);
        using var all = optim.SGD(layer.parameters(), 0.1).WithSharpnessAwareness(rho: 0);
        Assert.Throws<InvalidOperationException>(() => all.BiLoraStep(Sum(layer), adapters));
    }

    private static Func<Tensor> Squares(nn.Module<Tensor, Tensor> model, long inputs = 2) => () =>
    {
        var loss = model.call(ones(1, inputs, float64)).Squared().sum();
        loss.backward();
        return loss;
    };
}
