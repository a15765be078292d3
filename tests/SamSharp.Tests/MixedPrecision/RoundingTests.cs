using SamSharp.Kernels;
using SamSharp.Optimizers;
using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.MixedPrecision;

/// <summary>16-bit weights whose perturbation and steps are not rounded away.</summary>
[TensorScope]
public class RoundingTests
{
    public static TheoryData<ScalarType> Types => [ScalarType.BFloat16, ScalarType.Float16];

    /// <summary>The mean over many keys is the number, and every result is one of its two neighbors.</summary>
    [Theory]
    [MemberData(nameof(Types))]
    public void Rounding_at_random_is_unbiased_and_goes_to_a_neighbor(ScalarType type)
    {
        using var generator = new Generator(4);
        var source = cat([randn(500, generator: generator), randn(100, generator: generator).MultiplyBy(1e-6)]);
        var sum = zeros_like(source, dtype: float64);
        // Of bfloat16 8 bits are significant, of float16 11; its smallest number is 2^-24.
        var (bits, least) = type == ScalarType.BFloat16 ? (8, 0) : (11, Math.ScaleB(1, -24));
        var spacing = source.abs().log2().floor().Plus(1 - bits).exp2().Clamped(min: least);
        const int draws = 2000;
        for (ulong key = 0; key < draws; key++)
        {
            using var scope = NewDisposeScope();
            var target = empty_like(source, dtype: type);
            KernelSets.Default.Round([target], [source], [CounterRandom.Hash((long)key)]);
            var wide = target.to(float32);
            sum.IncreaseBy(wide.to(float64));
            Assert.True(wide.sub(source).abs().lt(spacing).all().item<bool>(), "not a neighbor");
        }
        var error = sum.Over(draws).sub(source).abs().div(spacing);
        Assert.True(error.max().item<double>() < 5 * 0.5 / Math.Sqrt(draws), $"the mean is off by {error.max().item<double>()} spacings");
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Exact_numbers_infinities_and_what_is_no_number_stay(ScalarType type)
    {
        var source = tensor(new[] { 0f, -0f, 1f, -2.5f, 0.0078125f, float.PositiveInfinity, float.NegativeInfinity, float.NaN });
        for (ulong key = 0; key < 50; key++)
        {
            var target = empty_like(source, dtype: type);
            KernelSets.Default.Round([target], [source], [CounterRandom.Hash((long)key)]);
            Close.Bits(source[..7], target.to(float32)[..7]);
            Assert.True(target[7].isnan().item<bool>());
        }
    }

    /// <summary>Passes over memory and libtorch's operators draw the same bits, however a list is cut into shares and the elements of a tensor into
    /// blocks.</summary>
    [Fact]
    public void The_bits_do_not_depend_on_the_implementation_nor_on_the_cut()
    {
        const ulong key = 0x1234_5678_9ABC_DEF0;
        var source = randn(300_007);
        Tensor[] Rounded(ITensorListKernels kernels, params long[] before)
        {
            Tensor[] sources = [.. before.Select(size => zeros(size)), source];
            var targets = Array.ConvertAll(sources, tensor => empty_like(tensor, dtype: bfloat16));
            kernels.Round(targets, sources, [.. sources.Select(_ => key)]);
            return targets;
        }
        var byOperators = Rounded(KernelSets.MultiTensor)[^1];
        Close.Bits(byOperators, Rounded(KernelSets.Vectorized)[^1]);
        Close.Bits(byOperators, Rounded(KernelSets.Vectorized, 7, 0, 100_001)[^1]);
        var inBlocks = empty_like(source, dtype: bfloat16);
        long[] ends = [1, 18, 77_777, 262_144, source.NumberOfElements];
        foreach (var (start, end) in ends.Prepend(0).Zip(ends))
            RoundingOperators.Round(inBlocks[(int)start..(int)end], source[(int)start..(int)end], key, start);
        Close.Bits(byOperators, inBlocks);
        Assert.False(byOperators.equal(source.to(bfloat16)).all().item<bool>());
    }

    [Theory]
    [InlineData(ScalarType.BFloat16, UpdateKernels.Automatic)]
    [InlineData(ScalarType.BFloat16, UpdateKernels.MultiTensor)]
    [InlineData(ScalarType.BFloat16, UpdateKernels.Reference)]
    [InlineData(ScalarType.Float16, UpdateKernels.Automatic)]
    public void A_perturbation_that_rounding_would_swallow_has_its_length_and_goes_back_bit_for_bit(ScalarType type, UpdateKernels kernels)
    {
        double Length(bool atRandom, long seed, out Tensor e)
        {
            using var generator = new Generator(1);
            var (large, small) = (Weight(generator, type, 200, 300), Weight(generator, type, 60));
            var across = new Parameter(randn(40, 30, generator: generator).MultiplyBy(0.05).to(type).transpose(0, 1));
            using var optimizer = new SharpnessAwareOptimizer(optim.SGD([large, small, across], 0), new SharpnessAwareOptions
            {
                Rho = 0.005,
                StochasticRounding = atRandom,
                RoundingSeed = seed,
                Kernels = kernels,
            });
            var before = cat([.. new[] { large, small, across }.Select(p => p.detach().reshape(-1).to(float32))]);
            var factors = randn(before.NumberOfElements, generator: generator);
            Tensor? moved = null;
            optimizer.Step(() =>
            {
                var all = cat([.. new[] { large, small, across }.Select(p => p.reshape(-1).to(float32))]);
                if (optimizer.IsPerturbed) moved = all.detach();
                var loss = all.mul(factors).sum();
                loss.backward();
                return loss;
            }).Dispose();
            Close.Bits(before, cat([.. new[] { large, small, across }.Select(p => p.detach().reshape(-1).to(float32))]));
            e = moved!.sub(before);
            // The share of e along the direction: what rounding leaves of rho on average.
            return e.mul(factors).sum().div(factors.norm()).item<float>();
        }

        Assert.True(Length(false, 0, out _) < (type == ScalarType.BFloat16 ? 0.002 : 0.0048), "rounding to the nearest swallows nothing here");
        Assert.InRange(Length(true, 0, out var first), 0.0046, 0.0054);
        Length(true, 0, out var again);
        Length(true, 1, out var other);
        Close.Bits(first, again);
        Assert.False(first.allclose(other));
    }

    /// <summary>Updates below the spacing of bfloat16: to the nearest they vanish, at random they count on average, with masters all of
    /// them do.</summary>
    [Theory]
    [InlineData("SGD", ScalarType.BFloat16, UpdateKernels.Automatic)]
    [InlineData("SGD", ScalarType.BFloat16, UpdateKernels.MultiTensor)]
    [InlineData("SGD", ScalarType.BFloat16, UpdateKernels.Reference)]
    [InlineData("SGD", ScalarType.Float16, UpdateKernels.Automatic)]
    [InlineData("AdamW", ScalarType.BFloat16, UpdateKernels.Automatic)]
    [InlineData("Adafactor", ScalarType.BFloat16, UpdateKernels.Automatic)]
    [InlineData("Adafactor", ScalarType.BFloat16, UpdateKernels.Reference)]
    public void Small_steps_add_up(string name, ScalarType type, UpdateKernels kernels)
    {
        (double Mean, Tensor Weights, Tensor? Master) Train(ScalarType kept, bool masters, bool atRandom)
        {
            var weight = new Parameter(ones(100, 60, dtype: kept));
            using var optimizer = (StatefulOptimizer)(name switch
            {
                "SGD" => new FusedSGD([weight], 2e-5),
                "AdamW" => new FusedAdamW([weight], 2e-5, weightDecay: 0),
                _ => new Adafactor([weight], 2e-5, scaleParameter: false),
            });
            (optimizer.Kernel, optimizer.MasterWeights, optimizer.StochasticRounding) = (kernels, masters, atRandom);
            for (var t = 0; t < 30; t++)
            {
                weight.grad = ones_like(weight, requires_grad: false);
                optimizer.step();
            }
            return (1 - weight.to(float64).mean().item<double>(), weight.detach().clone(),
                MasterOf(optimizer, weight)?.clone());
        }

        var (wide, expected, _) = Train(ScalarType.Float32, false, false);
        Assert.Equal(6e-4, wide, 5e-5);
        Assert.Equal(0, Train(type, false, false).Mean);
        Assert.InRange(Train(type, false, true).Mean, wide * 0.8, wide * 1.2);
        Close.Bits(Train(type, false, true).Weights, Train(type, false, true).Weights);
        var (_, rounded, master) = Train(type, true, false);
        Close.Bits(expected, master!);
        Close.Bits(expected.to(type), rounded);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Perturbed_weights_are_rounded_from_the_masters(bool atRandom)
    {
        var weight = new Parameter(ones(80, 60, dtype: bfloat16));
        var baseOptimizer = new FusedSGD([weight], 1e-3) { MasterWeights = true };
        using var optimizer = baseOptimizer.WithSharpnessAwareness(new SharpnessAwareOptions { Rho = 0.05, StochasticRounding = atRandom });
        using var generator = new Generator(2);
        var factors = randn(80, 60, generator: generator).to(bfloat16);
        for (var t = 0; t < 3; t++)
        {
            var exact = (MasterOf(baseOptimizer, weight) ?? weight.detach().to(float32)).clone();
            var before = weight.detach().clone();
            optimizer.Step(() =>
            {
                if (optimizer.IsPerturbed)
                {
                    var e = factors.to(float32).div(factors.to(float32).norm()).Times(0.05);
                    var wanted = exact.Plus(e);
                    if (atRandom) Assert.InRange(weight.detach().to(float32).sub(wanted).mean().item<float>(), -2e-4f, 2e-4f);
                    else Assert.True(weight.detach().eq(wanted.to(bfloat16)).to(float32).mean().item<float>() > 0.99);
                }
                var loss = weight.mul(factors).sum();
                loss.backward();
                return loss;
            }).Dispose();
            Assert.False(optimizer.IsPerturbed);
            Close.Bits(exact.sub(factors.to(float32).Times(1e-3)), MasterOf(baseOptimizer, weight)!);
            Close.Bits(MasterOf(baseOptimizer, weight)!.to(bfloat16), weight.detach());
            Assert.False(before.equal(weight).all().item<bool>());
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Masters_are_saved_and_a_weight_that_something_else_changed_is_its_own_master(bool atRandom)
    {
        var path = Path.GetTempFileName();
        Tensor Train(bool interrupted)
        {
            using var problem = new Problem(bfloat16, hidden: Problem.Large);
            SharpnessAwareOptimizer Make() => new FusedAdamW(problem.Parameters, 1e-3) { MasterWeights = true }
                .WithSharpnessAwareness(new SharpnessAwareOptions { StochasticRounding = atRandom });
            var optimizer = Make();
            for (var t = 0; t < 6; t++)
            {
                if (t == 2 && interrupted)
                {
                    optimizer.save_state_dict(path);
                    optimizer.Dispose();
                    optimizer = Make();
                    optimizer.load_state_dict(path);
                }
                if (t == 4)
                {
                    using var noGradient = no_grad();
                    problem.Parameters.First().Fill(0.5);
                }
                optimizer.Step(() => problem.Backward(t)).Dispose();
            }
            Assert.InRange(problem.Parameters.First().to(float32).mean().item<float>(), 0.495f, 0.505f);
            optimizer.Dispose();
            return problem.Weights();
        }

        Close.Bits(Train(interrupted: false), Train(interrupted: true));
        File.Delete(path);
    }

    /// <summary>The weights are 1, where bfloat16 has no number within 0.0039, and the whole way is shorter.</summary>
    [Theory]
    [InlineData("wsam")]
    [InlineData("late decay")]
    [InlineData("lookbehind")]
    public void What_moves_weights_after_the_step_moves_the_masters(string what)
    {
        Tensor Train(ScalarType type)
        {
            using var weight = new Parameter(ones(8, 5, dtype: type));
            using var baseOptimizer = new FusedSGD([weight], 1e-4) { MasterWeights = true };
            var options = what switch
            {
                "wsam" => Recipe.Wsam(0.05),
                "late decay" => new SharpnessAwareOptions { Combiner = new LateDecay(0.5) },
                _ => new SharpnessAwareOptions(),
            };
            using var optimizer = baseOptimizer.WithSharpnessAwareness(options);
            using var lookbehind = new Lookbehind(optimizer, steps: 2, alpha: 0.5);
            var factors = tensor(Enumerable.Range(1, 40).Select(i => 0.05f * i).ToArray()).view(8, 5);
            Tensor Backward()
            {
                using var scope = NewDisposeScope();
                var loss = weight.to(float32).Squared().mul(factors).sum();
                loss.backward();
                return loss.detach().MoveToOuterDisposeScope();
            }
            for (var t = 0; t < 6; t++) (what == "lookbehind" ? lookbehind.Step(Backward) : optimizer.Step(Backward)).Dispose();
            return (MasterOf(baseOptimizer, weight) ?? weight.detach()).clone();
        }

        var moved = Train(float32).Plus(-1.0);
        Assert.InRange(moved.abs().max().item<float>(), 2e-4f, 0.0039f);
        var difference = Train(bfloat16).Plus(-1.0).sub(moved).abs().max().item<float>();
        Assert.True(difference < 0.1 * moved.abs().max().item<float>(), $"{difference}");
    }

    [Fact]
    public void Whole_optimizers_refuse_both() => Assert.Throws<NotSupportedException>(() =>
    {
        using var problem = new Problem(bfloat16);
        using var optimizer = new BSam(problem.Parameters, dataSize: 64) { MasterWeights = true };
    });

    private static Parameter Weight(Generator generator, ScalarType type, params long[] shape) =>
        new(randn(shape, generator: generator).MultiplyBy(0.05).to(type));

    private static Tensor? MasterOf(optim.Optimizer optimizer, Parameter parameter) =>
        ((SamSharp.Steps.IGuardedOptimizer)optimizer).MasterOf(parameter);
}
