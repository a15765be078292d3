using SamSharp.Optimizers;
using TorchSharp.Modules;

namespace SamSharp.Tests.Optimizers;

/// <summary>What the fused optimizers have in common: which tensors they take, which they leave alone, what they keep and free.</summary>
[TensorScope]
public class FusedOptimizerTests
{
    private static readonly Dictionary<string, Func<IEnumerable<Parameter>, OptimizerHelper>> Optimizers = new()
    {
        ["AdamW"] = p => new FusedAdamW(p, 0.1, weightDecay: 0.3),
        ["Adam, AMSGrad"] = p => new FusedAdam(p, 0.1, weightDecay: 0.3, amsgrad: true),
        ["SGD"] = p => new FusedSGD(p, 0.1, momentum: 0.9, dampening: 0.2, weightDecay: 0.3),
        ["SGD without momentum"] = p => new FusedSGD(p, 0.1, weightDecay: 0.3),
        ["Adafactor"] = p => new Adafactor(p, 0.1, beta1: 0.9, weightDecay: 0.3),
        ["Adafactor, relative step"] = p => new Adafactor(p),
        ["Lion"] = p => new Lion(p, 0.1, weightDecay: 0.3),
    };

    public static TheoryData<string> Names => new(Optimizers.Keys);

    private static Parameter Random(ulong seed, params long[] shape)
    {
        using var generator = new Generator(seed);
        return new Parameter(randn(shape, generator: generator));
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

    private static byte[] Save(OptimizerHelper optimizer)
    {
        using var stream = new MemoryStream();
        using (var writer = new BinaryWriter(stream)) optimizer.save_state_dict(writer);
        return stream.ToArray();
    }

    private static void Load(OptimizerHelper optimizer, byte[] saved)
    {
        using var reader = new BinaryReader(new MemoryStream(saved));
        optimizer.load_state_dict(reader);
    }

    private static ParameterState State(OptimizerHelper optimizer, int parameter) => (ParameterState)optimizer.state_dict().State[parameter];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_missing_gradient_leaves_weight_state_and_counter_alone(string name)
    {
        Parameter skipped = Random(1, 3, 2), other = Random(2, 2);
        using var before = skipped.detach().clone();
        using var optimizer = Optimizers[name]([skipped, other]);
        other.grad = ones_like(other);
        optimizer.step();
        Assert.True(skipped.SameBits(before));
        Assert.Equal([0, 1], [State(optimizer, 0).Step, State(optimizer, 1).Step]);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_parameter_that_missed_steps_is_updated_as_if_it_were_alone(string name)
    {
        Parameter late = Random(1, 3, 2), alone = Random(1, 3, 2), other = Random(2, 2);
        using var together = Optimizers[name]([other, late]);
        using var single = Optimizers[name]([alone]);
        other.grad = ones_like(other);
        together.step();
        for (var step = 0; step < 3; step++)
        {
            late.grad = late.FullLike(step + 1);
            alone.grad = alone.FullLike(step + 1);
            together.step();
            single.step();
        }
        Assert.True(late.SameBits(alone));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Gradients_and_weights_may_lie_in_memory_as_they_like(string name)
    {
        using var scope = NewDisposeScope();
        Parameter plain = Random(1, 5, 3), transposed = new(plain.detach().t().contiguous().t());
        Assert.False(transposed.is_contiguous());
        using var first = Optimizers[name]([plain]);
        using var second = Optimizers[name]([transposed]);
        for (var step = 0; step < 3; step++)
        {
            var row = Random((ulong)step, 3).detach();
            plain.grad = row.repeat(5, 1);
            transposed.grad = row.expand(5, 3); // three numbers in memory
            first.step();
            second.step();
        }
        Assert.True(plain.SameBits(transposed.contiguous()));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Half_precision_keeps_state_and_arithmetic_in_single(string name)
    {
        foreach (var type in new[] { ScalarType.BFloat16, ScalarType.Float16 })
        {
            Parameter half = new(Random(1, 4, 3).to(type)), single = new(half.detach().to(float32)), twice = new(half.detach().to(float64));
            using var optimizer = Optimizers[name]([half, twice]);
            using var reference = Optimizers[name]([single]);
            half.grad = half.FullLike(1e-3);
            twice.grad = twice.FullLike(1e-3);
            single.grad = half.grad!.to(float32);
            optimizer.step();
            reference.step();
            Assert.True(half.SameBits(single.detach().to(type)));
            Assert.Equal(type, half.dtype);
            Assert.True(twice.allclose(single.to(float64), atol: 1e-3));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_parameter_without_elements_and_a_scalar_are_allowed(string name)
    {
        Parameter nothing = new(zeros(0, 5)), scalar = Random(1);
        using var before = scalar.detach().clone();
        using var optimizer = Optimizers[name]([nothing, scalar]);
        Train(optimizer, 0, 2);
        Assert.False(scalar.SameBits(before));
        Assert.Equal(2, State(optimizer, 0).Step);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Training_resumed_equals_uninterrupted_training_bit_for_bit(string name)
    {
        foreach (var taken in new[] { 0, 4 })
        {
            Parameter[] Weights() => [Random(1, 4, 3), Random(2, 5), Random(3)];
            using var whole = Optimizers[name](Weights());
            Train(whole, 0, 8);

            using var source = Optimizers[name](Weights());
            Train(source, 0, taken);
            foreach (var fromFile in new[] { true, false })
            {
                using var resumed = Optimizers[name](source.parameters().Select(weight => new Parameter(weight.detach().clone())).ToArray());
                using (NewDisposeScope()) // the state must outlive a scope it was loaded in
                {
                    if (fromFile) Load(resumed, Save(source));
                    else resumed.load_state_dict(source.state_dict());
                    resumed.to(CPU);
                }
                Train(resumed, taken, 8);
                Assert.All(whole.parameters().Zip(resumed.parameters()), pair => Assert.True(pair.First.SameBits(pair.Second)));
                Assert.Equal(Save(whole), Save(resumed));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void State_made_inside_a_callers_scope_outlives_it_and_live_tensors_stay_flat(string name)
    {
        using var scope = NewDisposeScope();
        Parameter[] weights = [Random(1, 3, 2), Random(2, 4), new(ones(3, bfloat16))];
        foreach (var weight in weights) weight.grad = ones_like(weight);
        var statistics = DisposeScopeManager.Statistics.TensorStatistics;
        var before = statistics.ThreadTotalLiveCount;
        OptimizerHelper optimizer;
        using (NewDisposeScope())
        {
            optimizer = Optimizers[name](weights);
            optimizer.step();
        }
        var live = statistics.ThreadTotalLiveCount;
        for (var step = 0; step < 1000; step++) optimizer.step();
        Assert.Equal(live, statistics.ThreadTotalLiveCount);
        optimizer.Dispose();
        Assert.Equal(before, statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void Groups_have_their_own_options_and_a_scheduler_moves_rate_and_momentum()
    {
        Parameter usual = Random(1, 2), fast = Random(2, 2);
        using var optimizer = new FusedSGD(
            [new FusedSGD.ParamGroup([usual]), new FusedSGD.ParamGroup([fast], new() { LearningRate = 0.5, Momentum = 0.2 })],
            lr: 0.1, momentum: 0.9);
        Assert.Equal([0.1, 0.5], optimizer.ParamGroups.Select(group => group.LearningRate));
        Assert.Equal([0.9, 0.2], optimizer.ParamGroups.Select(group => ((optim.IMomentum)group).Momentum));

        var momenta = optim.lr_scheduler.OneCycleLR(optimizer, 1, total_steps: 6);
        for (var step = 0; step < 2; step++)
        {
            Train(optimizer, step, step + 1);
            momenta.step();
        }
        Assert.All(optimizer.ParamGroups, group => Assert.NotEqual(0.9, ((optim.IMomentum)group).Momentum));

        using var adam = new FusedAdamW([usual], 0.1);
        optim.lr_scheduler.OneCycleLR(adam, 1, total_steps: 6).step();
        Assert.NotEqual(0.9, ((optim.IBetas)adam.ParamGroups.Single()).Betas.Item1);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void What_cannot_be_updated_is_refused_before_anything_moves(string name)
    {
        Parameter dense = new(ones(2)), sparse = new(ones(2, 3));
        Assert.Contains("[2, 3]", Assert.Throws<ArgumentException>(() => Optimizers[name]([sparse, sparse])).Message);
        using var optimizer = Optimizers[name]([dense, sparse]);
        dense.grad = ones(2);
        sparse.grad = ones(2, 3).to_sparse();
        var live = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        Assert.Contains("[2, 3]", Assert.Throws<NotSupportedException>(() => optimizer.step()).Message);
        Assert.Equal(live, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
        Assert.Equal(0, State(optimizer, 0).Step);
        sparse.Dispose();
        Assert.Contains("build the optimizer", Assert.Throws<InvalidOperationException>(() => optimizer.step()).Message);
        Assert.True(dense.SameBits(ones(2)));
    }

    [Fact]
    public void A_value_out_of_range_is_named()
    {
        Parameter[] one = [Random(1, 2)];
        void Refused(string message, Func<object> make) =>
            Assert.Contains(message, Assert.ThrowsAny<ArgumentException>(make).Message, StringComparison.Ordinal);
        Refused("lr is -1", () => new FusedAdamW(one, lr: -1));
        Refused("beta1 is 1", () => new FusedAdamW(one, beta1: 1));
        Refused("beta2 is -0.5", () => new FusedAdam(one, beta2: -0.5));
        Refused("epsilon is NaN", () => new FusedAdam(one, epsilon: double.NaN));
        Refused("weightDecay is -2", () => new FusedAdamW(one, weightDecay: -2));
        Refused("lr is NaN", () => new FusedSGD(one, double.NaN));
        Refused("momentum is -0.1", () => new FusedSGD(one, 0.1, momentum: -0.1));
        Refused("dampening is Infinity", () => new FusedSGD(one, 0.1, dampening: double.PositiveInfinity));
        Refused("nesterov is true, momentum 0", () => new FusedSGD(one, 0.1, nesterov: true));
        Refused("FusedSGD needs", () =>
        {
            using var optimizer = new FusedSGD([Random(2, 2)], 0.1);
            optimizer.add_param_group(new FusedAdam.ParamGroup(one, new()));
            return optimizer;
        });
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_file_that_does_not_fit_names_what_differs(string name)
    {
        using var source = Optimizers[name]([Random(1, 2), Random(2, 4, 3)]);
        Train(source, 0, 1);
        var saved = Save(source);
        using var other = Optimizers[name]([Random(1, 2), Random(2, 3, 4)]);
        const string Differs = "Parameter 1 has shape [3, 4]";
        Assert.Contains(Differs, Assert.Throws<InvalidDataException>(() => Load(other, saved)).Message, StringComparison.Ordinal);
        var inMemory = Assert.Throws<ArgumentException>(() => other.load_state_dict(source.state_dict()));
        Assert.Contains(Differs, inMemory.Message, StringComparison.Ordinal);
    }
}
