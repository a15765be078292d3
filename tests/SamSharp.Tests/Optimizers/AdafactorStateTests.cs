using SamSharp.Optimizers;
using TorchSharp.Modules;

namespace SamSharp.Tests.Optimizers;

/// <summary>State over its life: saved, loaded, moved, freed.</summary>
[TensorScope]
public class AdafactorStateTests
{
    private static Parameter[] Weights(params long[][] shapes)
    {
        using var generator = new Generator(3);
        return [.. shapes.Select(shape => new Parameter(randn(shape, generator: generator)))];
    }

    private static void Train(Adafactor optimizer, IEnumerable<Parameter> weights, int from, int to)
    {
        for (var step = from; step < to; step++)
        {
            using var scope = NewDisposeScope();
            using var generator = new Generator((ulong)step);
            foreach (var weight in weights) weight.grad = randn(weight.shape, generator: generator);
            optimizer.step();
        }
    }

    private static byte[] Save(Adafactor optimizer)
    {
        using var stream = new MemoryStream();
        using (var writer = new BinaryWriter(stream)) optimizer.save_state_dict(writer);
        return stream.ToArray();
    }

    private static void Load(Adafactor optimizer, byte[] saved)
    {
        using var reader = new BinaryReader(new MemoryStream(saved));
        optimizer.load_state_dict(reader);
    }

    [Theory]
    [InlineData(true, 0, false)]
    [InlineData(true, 0.9, true)]
    [InlineData(false, 0.9, false)]
    public void Training_resumed_from_a_file_equals_uninterrupted_training_bit_for_bit(bool relative, double beta1, bool fromObject)
    {
        Adafactor Make(Parameter[] weights) => new(weights, relative ? null : 0.01, beta1: beta1);
        long[][] shapes = [[4, 3], [5], [2, 3, 2], []];

        var whole = Weights(shapes);
        using var uninterrupted = Make(whole);
        Train(uninterrupted, whole, 0, 8);

        var before = Weights(shapes);
        using var first = Make(before);
        Train(first, before, 0, 4);
        var after = before.Select(weight => new Parameter(weight.detach().clone())).ToArray();
        using var second = Make(after);
        using (NewDisposeScope()) // the state must outlive a scope it was loaded in
        {
            if (fromObject) second.load_state_dict(first.state_dict());
            else Load(second, Save(first)); // before the first step
        }
        Train(second, after, 4, 8);

        Assert.All(whole.Zip(after), pair => Assert.True(pair.First.SameBits(pair.Second)));
        Assert.Equal(Save(uninterrupted), Save(second));
        Assert.Equal(uninterrupted.ParamGroups.Single().LearningRate, second.ParamGroups.Single().LearningRate);
    }

    [Fact]
    public void A_loaded_copy_is_a_copy()
    {
        Parameter[] one = Weights([3, 2]), two = Weights([3, 2]);
        using var source = new Adafactor(one);
        Train(source, one, 0, 1);
        using var copy = new Adafactor(two);
        copy.load_state_dict(source.state_dict());
        var kept = Save(copy);
        Train(source, one, 1, 3);
        Assert.Equal(kept, Save(copy));
        Assert.True(copy.state_dict().State[0].ApproximatelyEquals(copy.state_dict().State[0]));
        Assert.False(copy.state_dict().State[0].ApproximatelyEquals(source.state_dict().State[0]));
    }

    [Fact]
    public void Saved_options_come_back()
    {
        using var source = new Adafactor(Weights([2]), null, 1e-20, 1e-2, 0.7, -0.6, 0.8, 0.1, false, true, true);
        using var target = new Adafactor(Weights([2]), lr: 1);
        Load(target, Save(source));
        Assert.Equal(Save(source), Save(target));
        Train(target, target.parameters(), 0, 1);
        Assert.NotNull(((ParameterState)target.state_dict().State[0])["exp_avg"]);
    }

    [Fact]
    public void A_file_that_does_not_fit_names_what_differs_and_changes_no_state()
    {
        var saved = Save(new Adafactor(Weights([2], [4, 3])));
        using var other = new Adafactor(Weights([2], [3, 4]));
        var message = Assert.Throws<InvalidDataException>(() => Load(other, saved)).Message;
        Assert.Contains("Parameter 1 has shape [3, 4]", message);
        Assert.Contains("[4, 3]", message);

        using var precise = new Adafactor([new Parameter(zeros(2, dtype: float64)), new Parameter(zeros(4, 3, dtype: float64))]);
        Assert.Contains("Float64", Assert.Throws<InvalidDataException>(() => Load(precise, saved)).Message);

        saved[^1] ^= 1; // the last tensor's last byte, then the format's version
        saved["Adafactor".Length + 1 + 1 + 1 + 16] = 9;
        using var same = new Adafactor(Weights([2], [4, 3]));
        Assert.Contains("format 9", Assert.Throws<InvalidDataException>(() => Load(same, saved)).Message);
        Assert.ThrowsAny<Exception>(() => Load(same, saved[..^3]));
    }

    [Fact]
    public void State_moves_to_a_device_and_the_next_step_uses_it()
    {
        var weights = Weights([3, 2], [4]);
        using var optimizer = new Adafactor(weights, beta1: 0.9);
        Train(optimizer, weights, 0, 1);
        var saved = Save(optimizer);
        using (NewDisposeScope()) optimizer.to(CPU);
        Assert.Equal(saved, Save(optimizer));
        Train(optimizer, weights, 1, 2);
        Assert.NotEqual(saved, Save(optimizer));
    }

    [Fact]
    public void State_made_inside_a_callers_scope_outlives_it()
    {
        var weights = Weights([3, 2], [4]);
        Adafactor optimizer;
        using (NewDisposeScope()) optimizer = new Adafactor(weights, beta1: 0.9);
        Train(optimizer, weights, 0, 2);
        var state = (ParameterState)optimizer.state_dict().State[0];
        optimizer.Dispose();
        Assert.True(state["exp_avg"]!.IsInvalid);
    }

    [Theory]
    [InlineData(UpdateKernels.Automatic)]
    [InlineData(UpdateKernels.MultiTensor)]
    [InlineData(UpdateKernels.Reference)]
    public void Live_tensors_stay_flat_over_a_thousand_steps(UpdateKernels kernel)
    {
        using var scope = NewDisposeScope();
        var weights = Weights([3, 2], [4], [2, 2, 2]);
        foreach (var weight in weights) weight.grad = ones_like(weight);
        var statistics = DisposeScopeManager.Statistics.TensorStatistics;
        var optimizer = new Adafactor(weights, beta1: 0.9, weightDecay: 0.1, kernel: kernel);
        optimizer.step();
        var live = statistics.ThreadTotalLiveCount;
        for (var step = 0; step < 1000; step++) optimizer.step();
        Assert.Equal(live, statistics.ThreadTotalLiveCount);

        var states = live;
        optimizer.Dispose();
        Assert.Equal(states - (3 + 2 * 2 + 1 + 3 + 3 - 3), statistics.ThreadTotalLiveCount);
    }
}
