using SamSharp.Samples.T5.Checkpoints;
using SamSharp.Samples.T5.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Tests.Model;

public class T5ModelTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_parameter_count_is_the_configurations(bool gated)
    {
        using var model = Small.Model(gated ? Small.Gated : Small.Relu);
        Assert.Equal(model.Config.ParameterCount, model.parameters().Sum(parameter => parameter.numel()));
    }

    [Fact]
    public void Initial_weights_are_seeded_and_spread_as_T5s()
    {
        using var scope = NewDisposeScope();
        var config = T5Config.Named("tiny", 500);
        using var model = Small.Model(config, seed: 1);
        using var same = Small.Model(config, seed: 1);
        using var other = Small.Model(config, seed: 2);
        var weights = model.named_parameters().ToDictionary(item => item.name, item => item.parameter);

        Assert.All(model.parameters().Zip(same.parameters()), pair => Assert.True(pair.First.equal(pair.Second).all().item<bool>()));
        Assert.False(weights["shared.weight"].equal(other.get_parameter("shared.weight")!).all().item<bool>());
        AssertDeviation("shared.weight", 1);
        AssertDeviation("encoder.block.0.layer.0.SelfAttention.q.weight", Math.Pow(128 * 32, -0.5));
        AssertDeviation("decoder.block.1.layer.1.EncDecAttention.k.weight", Math.Pow(128, -0.5));
        AssertDeviation("encoder.block.1.layer.1.DenseReluDense.wo.weight", Math.Pow(256, -0.5));
        Assert.Equal(1, weights["decoder.final_layer_norm.weight"].min().item<float>());

        void AssertDeviation(string name, double expected) =>
            Assert.Equal(expected, weights[name].std().item<float>(), 0.03 * expected);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Padding_changes_nothing_for_what_is_visible(bool gated)
    {
        using var scope = NewDisposeScope();
        using var model = Small.Model(gated ? Small.Gated : Small.Relu);
        model.eval();
        var ids = Small.Ids(2, 6, model.Config);
        var labels = Small.Ids(2, 4, model.Config, seed: 9);
        var padded = cat([ids, Small.Ids(2, 3, model.Config, seed: 4)], 1);
        var mask = cat([ones_like(ids), zeros([2, 3], int64)], 1);
        var paddedLabels = cat([labels, ScalarArithmetic.Full([2, 2], T5Model.IgnoredLabel, int64)], 1);

        Close.Equal(model.Encode(ids, ones_like(ids)), model.Encode(padded, mask).narrow(1, 0, 6), 1e-5, "encoder");
        Close.Equal(model.Loss(ids, ones_like(ids), labels), model.Loss(padded, mask, paddedLabels), 1e-5, "loss");
    }

    [Fact]
    public void The_decoder_does_not_look_ahead()
    {
        using var scope = NewDisposeScope();
        using var model = Small.Model(Small.Relu);
        model.eval();
        var ids = Small.Ids(1, 5, model.Config);
        var encoded = model.Encode(ids, ones_like(ids));
        var tokens = Small.Ids(1, 6, model.Config, seed: 3);
        var changed = tokens.clone();
        changed[0, 4].Fill(changed[0, 4].item<long>() == 2 ? 3 : 2);

        var difference = (model.Decode(tokens, encoded, ones_like(ids)) - model.Decode(changed, encoded, ones_like(ids))).abs().amax([0, 2]);

        Assert.Equal(0, difference[..4].max().item<float>());
        Assert.True(difference[4].item<float>() > 1e-4);
    }

    [Fact]
    public void A_fully_hidden_row_stays_finite()
    {
        using var scope = NewDisposeScope();
        using var model = Small.Model(Small.Relu);
        var ids = Small.Ids(2, 5, model.Config);
        Assert.True(model.Encode(ids, zeros_like(ids)).isfinite().all().item<bool>());
    }

    [Fact]
    public void Dropout_acts_in_training_alone()
    {
        using var scope = NewDisposeScope();
        using var model = Small.Model(Small.Relu with { DropoutRate = 0.3 });
        using var plain = Small.Model(Small.Relu);
        var ids = Small.Ids(2, 5, model.Config);

        model.train();
        Assert.NotEqual(Loss(model), Loss(model));
        model.eval();
        Assert.Equal(Loss(plain), Loss(model));

        float Loss(T5Model of) => of.Loss(ids, ones_like(ids), ids).item<float>();
    }

    [Fact]
    public void A_dropout_of_its_own_leaves_the_configuration()
    {
        using var folder = new TemporaryFolder();
        using var model = new T5Model(Small.Relu, dropout: 0.3);
        T5Checkpoint.Save(model, folder.Path);
        using var without = T5Checkpoint.Load(folder.Path);
        using var with = T5Checkpoint.Load(folder.Path, dropout: 0.3);

        Assert.True(Drops(model) && Drops(with));
        Assert.False(Drops(without));
        Assert.All([model, with], each => Assert.Equal(0, each.Config.DropoutRate));
        Assert.Throws<InvalidDataException>(() => new T5Model(Small.Relu, dropout: 1));

        static bool Drops(T5Model model)
        {
            using var scope = NewDisposeScope();
            var ids = Small.Ids(2, 5, model.Config);
            model.train();
            return Loss() != Loss();

            float Loss() => model.Loss(ids, ones_like(ids), ids).item<float>();
        }
    }

    [Theory]
    [InlineData(ScalarType.Float64, 1e-5)]
    [InlineData(ScalarType.BFloat16, 0.1)]
    public void Other_types_agree_with_float32(ScalarType type, double tolerance)
    {
        using var scope = NewDisposeScope();
        using var model = Small.Model(Small.Gated);
        model.eval();
        var ids = Small.Ids(3, 6, model.Config);
        var expected = model.Loss(ids, ones_like(ids), ids);

        model.to(type);
        var loss = model.Loss(ids, ones_like(ids), ids);
        loss.backward();

        Assert.Equal(type == ScalarType.BFloat16 ? ScalarType.Float32 : type, loss.dtype);
        Close.Equal(expected, loss, tolerance * expected.item<float>(), "loss");
        Assert.All(model.parameters(), parameter => Assert.True(parameter.grad!.isfinite().all().item<bool>()));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Training_steps_leave_no_tensors_behind(bool gated)
    {
        using var model = Small.Model((gated ? Small.Gated : Small.Relu) with { DropoutRate = 0.1 });
        using var ids = Small.Ids(3, 6, model.Config);
        using var mask = ones_like(ids);
        Step();
        var live = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;

        for (var i = 0; i < 20; i++)
            Step();

        Assert.Equal(live, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);

        void Step()
        {
            using var loss = model.Loss(ids, mask, ids);
            loss.backward();
            model.zero_grad();
        }
    }

    [Fact]
    public void The_bucket_table_and_the_causal_mask_are_made_once()
    {
        using var scope = NewDisposeScope();
        using var buckets = new BucketCache(bidirectional: true, buckets: 32, maxDistance: 128);
        var first = buckets.Find(-5, 5, CPU);
        var again = buckets.Find(-100, 100, new Device(DeviceType.CPU));
        using var mask = new CausalMask();

        Assert.Equal(257, first.storage<long>().Count);
        Assert.Equal(257, again.storage<long>().Count);
        Assert.Same(mask.Of(4, float32, CPU), mask.Of(4, float32, new Device(DeviceType.CPU)));
        Assert.Equal(again.data<long>().ToArray(), buckets.Find(-500, 500, CPU).narrow(0, 400, 201).data<long>().ToArray());
    }
}
