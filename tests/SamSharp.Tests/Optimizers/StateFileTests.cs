using SamSharp.Optimizers;
using TorchSharp.Modules;

namespace SamSharp.Tests.Optimizers;

/// <summary>Saved state: what earlier versions wrote loads, and a file that cannot be right changes nothing.</summary>
[TensorScope]
public class StateFileTests
{
    private static readonly Dictionary<string, Func<Parameter[], OptimizerHelper>> Optimizers = new()
    {
        ["FusedAdamW"] = p => new FusedAdamW(p, 0.1, weightDecay: 0.3, amsgrad: true),
        ["FusedAdam"] = p => new FusedAdam(p, 0.1, weightDecay: 0.3),
        ["FusedSGD"] = p => new FusedSGD(p, 0.1, momentum: 0.9, dampening: 0.2, weightDecay: 0.3),
        ["Adafactor"] = p => new Adafactor(p, beta1: 0.9, weightDecay: 0.3),
        ["BSam"] = p => new BSam(p, 50),
        ["Sassha"] = p => new Sassha(p, 0.1),
        ["Lion"] = p => new Lion(p, 0.1, weightDecay: 0.3),
    };

    public static TheoryData<string> Names => new(Optimizers.Keys);

    public static TheoryData<string> Earlier => new(SavedBy010.Files.Keys);

    private static Parameter[] Weights(float[] numbers) => [new(tensor(numbers[..6]).reshape(3, 2)), new(tensor(numbers[6..]))];

    private static Parameter[] Weights() => Weights([0.5f, -0.25f, 0.75f, 1, -1, 0.125f, 2, -0.5f]);

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

    private static void Step(OptimizerHelper optimizer, Parameter[] weights, int number)
    {
        using var scope = NewDisposeScope();
        Tensor Loss() => weights[0].Squared().sum().Plus(weights[1].Squared().sum());
        if (optimizer is Sassha sassha)
        {
            sassha.Step(Loss);
            return;
        }
        if (optimizer is BSam bsam)
        {
            bsam.Step(() =>
            {
                var loss = Loss();
                loss.backward();
                return loss;
            });
            return;
        }
        foreach (var weight in weights)
            weight.grad = ScalarArithmetic.Range(1, weight.NumberOfElements + 1, float32).reshape(weight.shape).Times((number + 1) * 0.1);
        optimizer.step();
    }

    private static float[] Numbers(Parameter[] weights) => [.. weights.SelectMany(weight => weight.detach().data<float>().ToArray())];

    /// <summary>Two steps of state.</summary>
    private static (OptimizerHelper, Parameter[]) Trained(string name)
    {
        var weights = Weights();
        var optimizer = Optimizers[name](weights);
        for (var step = 0; step < 2; step++) Step(optimizer, weights, step);
        return (optimizer, weights);
    }

    [Theory]
    [MemberData(nameof(Earlier))]
    public void State_saved_by_version_0_1_0_loads_and_training_goes_on(string name)
    {
        var (file, numbers, next) = SavedBy010.Files[name];
        var weights = Weights(numbers);
        using var optimizer = Optimizers[name](weights);
        Load(optimizer, Convert.FromBase64String(file));
        Assert.Equal(file, Convert.ToBase64String(Save(optimizer)));
        if (name == "BSam") return; // its noise is not a matter of files
        Step(optimizer, weights, 2);
        Assert.All(next.Zip(Numbers(weights)), pair => Assert.Equal(pair.First, pair.Second, 1e-6f));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_file_cut_anywhere_is_refused_and_nothing_has_changed(string name)
    {
        var (source, _) = Trained(name);
        var saved = Save(source);
        var weights = Weights();
        using var optimizer = Optimizers[name](weights);
        Step(optimizer, weights, 0);
        var before = Save(optimizer);
        var live = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        for (var length = 0; length < saved.Length; length++)
        {
            var error = Record.Exception(() => Load(optimizer, saved[..length]));
            // TorchSharp reads the name and the two counts.
            if (length > name.Length + 2) Assert.IsType<InvalidDataException>(error);
            else Assert.True(error is EndOfStreamException or ArgumentException, $"{error}");
            Assert.Equal(before, Save(optimizer));
        }
        Assert.Equal(live, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
        Load(optimizer, saved);
        Assert.Equal(saved, Save(optimizer));
        source.Dispose();
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Any_byte_of_a_file_may_be_wrong(string name)
    {
        var (source, _) = Trained(name);
        var saved = Save(source);
        source.Dispose();
        var weights = Weights();
        using var optimizer = Optimizers[name](weights);
        var refused = 0;
        for (var i = 0; i < saved.Length; i++)
        {
            foreach (var bits in new[] { 0xFF, 1, 0x40 })
            {
                var before = Save(optimizer);
                var wrong = saved.ToArray();
                wrong[i] ^= (byte)bits;
                var error = Record.Exception(() => Load(optimizer, wrong));
                if (error is null)
                {
                    Assert.True(wrong.AsSpan().StartsWith(Save(optimizer)), $"byte {i}"); // without its last tensor a file is shorter
                    _ = Record.Exception(() => Step(optimizer, weights, 0)); // a learning rate of 1e300 is libtorch's to refuse
                    continue;
                }
                refused++;
                var inTheBeginning = i < name.Length + 3; // which TorchSharp reads
                Assert.True(error is InvalidDataException or ArgumentException || (inTheBeginning && error is IOException or FormatException),
                    $"byte {i}: {error}");
                Assert.Equal(before, Save(optimizer));
            }
        }
        Assert.True(refused > 100);
    }

    [Fact]
    public void A_tensor_is_read_only_where_its_type_and_shape_are_known_to_be_right()
    {
        var saved = Convert.FromBase64String(SavedBy010.Files["FusedSGD"].File);
        var header = saved.Length - 8 - 3; // type, dimensions and size of the last tensor, which has two float32
        void Refused(string message, params byte[] other)
        {
            using var optimizer = Optimizers["FusedSGD"](Weights());
            var before = Save(optimizer);
            byte[] wrong = [.. saved[..header], .. other, .. saved[(header + 3)..]];
            Assert.Contains(message, Assert.Throws<InvalidDataException>(() => Load(optimizer, wrong)).Message, StringComparison.Ordinal);
            Assert.Equal(before, Save(optimizer));
        }

        Refused("is Float64; Float32 is needed", 7, 1, 2);
        Refused("is 99; Float32 is needed", 99, 1, 2);
        Refused("has shape [16]; [2] is needed", 6, 1, 16);
        Refused("has 2 dimensions; shape [2] is needed", 6, 2, 2, 1);
        Refused("has shape [4611686018427387904]; [2] is needed", 6, 1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40);
        Refused("has 268435455 dimensions", 6, 0xFF, 0xFF, 0xFF, 0x7F); // more dimensions than there are bytes
    }

    [Fact]
    public void A_matrix_has_no_second_moment_for_each_element()
    {
        var saved = Convert.FromBase64String(SavedBy010.Files["Adafactor"].File);
        // The state of the first parameter: its counter, its shape, rows [3], columns [2], and no exp_avg_sq.
        var flag = saved.Length - (8 + 4 + 8 + 1 + 1 + (1 + 3 + 8) + (1 + 3 + 8) + (1 + 2 + 4)) - (1 + 2 + 4) - (1 + 4 + 24) - 1;
        Assert.Equal(0, saved[flag]);
        using var optimizer = Optimizers["Adafactor"](Weights());
        var before = Save(optimizer);
        byte[] wrong = [.. saved[..flag], 1, 6, 2, 3, 2, .. new byte[24], .. saved[(flag + 1)..]];
        Assert.Contains("has no exp_avg_sq", Assert.Throws<InvalidDataException>(() => Load(optimizer, wrong)).Message, StringComparison.Ordinal);
        Assert.Equal(before, Save(optimizer));
    }

    [Fact]
    public void Options_out_of_range_and_impossible_counters_are_refused()
    {
        var saved = Convert.FromBase64String(SavedBy010.Files["FusedSGD"].File);
        var name = "FusedSGD".Length + 1;
        void Refused(string message, int at, byte[] other)
        {
            using var optimizer = Optimizers["FusedSGD"](Weights());
            var before = Save(optimizer);
            var wrong = saved.ToArray();
            other.CopyTo(wrong, at);
            Assert.Contains(message, Assert.Throws<InvalidDataException>(() => Load(optimizer, wrong)).Message, StringComparison.Ordinal);
            Assert.Equal(before, Save(optimizer));
        }

        var options = name + 2;
        Refused("momentum is NaN", options + 17, BitConverter.GetBytes(double.NaN));
        Refused("dampening is Infinity", options + 25, BitConverter.GetBytes(double.PositiveInfinity));
        Refused("format 2", options + 16, [2]);
        Refused("counts -1 steps", options + 17 + 24 + 2, BitConverter.GetBytes(-1L));
        Refused("counts 9223372036854775807 steps", options + 17 + 24 + 2, BitConverter.GetBytes(long.MaxValue));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void State_of_another_optimizer_in_memory_is_refused_as_a_whole(string name)
    {
        var (source, _) = Trained(name);
        Parameter[] others = [new(zeros(3, 2)), new(zeros(3))]; // the second differs
        using var optimizer = Optimizers[name](others);
        var before = Save(optimizer);
        var error = Assert.Throws<ArgumentException>(() => optimizer.load_state_dict(source.state_dict()));
        Assert.Contains("Parameter 1", error.Message, StringComparison.Ordinal);
        Assert.Equal(before, Save(optimizer));
        using var foreign = optimizer is FusedSGD ? Optimizers["FusedAdam"](Weights()) : Optimizers["FusedSGD"](Weights());
        Assert.Throws<ArgumentException>(() => foreign.load_state_dict(source.state_dict()));
        source.Dispose();
    }
}
