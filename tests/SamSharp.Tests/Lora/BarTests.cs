using SamSharp.Optimizers;
using SamSharp.Tests.Support;
using TorchSharp.Modules;
using static SamSharp.Tests.Lora.LoraPair;

namespace SamSharp.Tests.Lora;

/// <summary>BAR on one pair of rank 1, by hand.</summary>
[TensorScope]
[Collection(GlobalRandomNumbers.Name)]
public class BarTests
{
    /// <summary>lr 0.1 and mu 0.5: factors 1.05 and 0.95, then SGD. B has the larger gradient, A the larger norm.</summary>
    [Fact]
    public void BAR_rescales_the_pair_before_the_step()
    {
        foreach (var byGradients in new[] { true, false })
        {
            var (layer, adapters, pair) = One();
            using var optimizer = optim.SGD(adapters.Parameters(), 0.1)
                .WithSharpnessAwareness(byGradients ? Recipe.NBar(adapters) : Recipe.OBar(adapters));
            optimizer.Step(Sum(layer)).Dispose();
            Close.To([(0.6 * 1.05) - 0.3, (0.8 * 1.05) - 0.3], pair.B.ReadAll<double>(), 1e-12);
            Close.To([(3 * 0.95) - 0.14, 4 * 0.95], pair.A.ReadAll<double>(), 1e-12);
        }
    }

    /// <summary>B = 10 (0.6, 0.8)': its gradient is the smaller one now, and its norm the larger one.</summary>
    [Fact]
    public void BAR_goes_the_other_way_too()
    {
        foreach (var byGradients in new[] { true, false })
        {
            var (layer, adapters, pair) = One();
            using (no_grad()) pair.B.MultiplyBy(10);
            using var optimizer = optim.SGD(adapters.Parameters(), 0.1)
                .WithSharpnessAwareness(byGradients ? Recipe.NBar(adapters) : Recipe.OBar(adapters));
            optimizer.Step(Sum(layer)).Dispose();
            Close.To([(6 * 0.95) - 0.3, (8 * 0.95) - 0.3], pair.B.ReadAll<double>(), 1e-12);
            Close.To([(3 * 1.05) - 1.4, 4 * 1.05], pair.A.ReadAll<double>(), 1e-12);
        }
    }

    [Fact]
    public void BAR_of_strength_0_is_the_base_optimizer()
    {
        foreach (var recipe in new Func<LoraAdapters, SharpnessAwareOptions>[]
        {
            adapters => Recipe.NBar(adapters, 0), adapters => Recipe.OBar(adapters, 1, _ => 0),
        })
        {
            var (layer, adapters, pair) = One();
            using var optimizer = optim.SGD(adapters.Parameters(), 0.1).WithSharpnessAwareness(recipe(adapters));
            optimizer.Step(Sum(layer)).Dispose();
            Close.To([0.3, 0.5], pair.B.ReadAll<double>(), 1e-12);
            Close.To([2.86, 4], pair.A.ReadAll<double>(), 1e-12);
        }
    }

    /// <summary>With a tiny gradient, oBAR brings |B|^2 - |A|^2 toward 0, and the product hardly changes.</summary>
    [Fact]
    public void BAR_balances_the_factors_and_keeps_their_product()
    {
        var (layer, adapters, pair) = One();
        var product = pair.Addition();
        using var optimizer = optim.SGD(adapters.Parameters(), 0.1).WithSharpnessAwareness(Recipe.OBar(adapters));
        for (var t = 0; t < 15; t++) optimizer.Step(Sum(layer, 1e-9)).Dispose();
        Assert.InRange(pair.A.EuclideanNorm().ReadDouble() / pair.B.EuclideanNorm().ReadDouble(), 0.9, 1.12);
        Close.To(product.Times(Math.Pow(1 - 0.0025, 15)), pair.Addition(), 1e-6);
    }

    [Fact]
    public void BAR_leaves_a_skipped_step_s_weights_alone_and_joins_SAM()
    {
        foreach (var fused in new[] { false, true })
        {
            var (layer, adapters, pair) = One();
            optim.Optimizer sgd = fused
                ? new FusedSGD(adapters.Parameters(), 0.1) { Kernel = UpdateKernels.MultiTensor } // which leaves the check on the device
                : optim.SGD(adapters.Parameters(), 0.1);
            using var optimizer = sgd.WithSharpnessAwareness(Recipe.NBar(adapters) with { Rho = 0.05 });
            optimizer.Step(Sum(layer, double.PositiveInfinity)).Dispose();
            Assert.Equal(1, optimizer.LastStep.SkippedSteps);
            Close.To([3, 4], pair.A.ReadAll<double>(), 0);
            Close.To([0.6, 0.8], pair.B.ReadAll<double>(), 0);
            optimizer.Step(Sum(layer)).Dispose();
            Assert.True(optimizer.LastStep.Perturbed);
            Assert.InRange(pair.A.ReadAll<double>()[1], (4 * 0.95) - 0.02, 4 * 0.95); // the gradient at w + e has no part along x2
        }
    }

    /// <summary>The base optimizer throws after the pair was rescaled, or the decay throws before.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void BAR_undoes_a_step_that_throws(bool byGradients)
    {
        var (layer, adapters, pair) = One();
        var fails = false;
        double Decay(long step) => fails ? throw new ThrownByTest() : 1;
        using var failing = new FailingSgd(adapters.Parameters());
        using var optimizer = failing.WithSharpnessAwareness(byGradients ? Recipe.NBar(adapters, decay: Decay) : Recipe.OBar(adapters, decay: Decay));
        for (var t = 0; t < 3; t++)
        {
            failing.FailsIn = 1;
            Assert.Throws<ThrownByTest>(() => optimizer.Step(Sum(layer)));
            fails = true;
            Assert.Throws<ThrownByTest>(() => optimizer.Step(Sum(layer)));
            fails = false;
            Close.Bits(tensor(new double[] { 3, 4 }, [1, 2]), pair.A.detach());
            Close.Bits(tensor(new[] { 0.6, 0.8 }, [2, 1]), pair.B.detach());
        }
        optimizer.Step(Sum(layer)).Dispose();
        Assert.Equal(1, optimizer.LastStep.Step);
        Close.To([(0.6 * 1.05) - 0.3, (0.8 * 1.05) - 0.3], pair.B.ReadAll<double>(), 1e-12);
        Close.To([(3 * 0.95) - 0.14, 4 * 0.95], pair.A.ReadAll<double>(), 1e-12);
    }

    /// <summary>The decay follows the step's number, which the checkpoint has.</summary>
    [Fact]
    public void BAR_resumes_where_its_decay_was()
    {
        var (first, second) = (One(), One());
        SharpnessAwareOptimizer Make((Linear Layer, LoraAdapters Adapters, LoraLinear) on) =>
            optim.SGD(on.Adapters.Parameters(), 0.1).WithSharpnessAwareness(Recipe.OBar(on.Adapters, 1, Ramp.Linear(1, 0, 6)));
        using SharpnessAwareOptimizer optimizer = Make(first), resumed = Make(second);
        for (var t = 0; t < 3; t++) optimizer.Step(Sum(first.Layer, 0.1)).Dispose();
        using var stream = new MemoryStream();
        optimizer.save_state_dict(new BinaryWriter(stream));
        second.Adapters.Load(first.Adapters.State());
        stream.Position = 0;
        resumed.load_state_dict(new BinaryReader(stream));
        for (var t = 0; t < 3; t++)
        {
            optimizer.Step(Sum(first.Layer, 0.1)).Dispose();
            resumed.Step(Sum(second.Layer, 0.1)).Dispose();
        }
        Close.Bits(first.Item3.A, second.Item3.A);
        Close.Bits(first.Item3.B, second.Item3.B);
    }
}
