using SamSharp.Samples.T5.Checkpoints;
using SamSharp.Samples.T5.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Tests.Checkpoints;

[TensorScope]
public class T5CheckpointTests
{
    private const string Weights = SafetensorsFolder.SingleFile;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_model_survives_saving_and_loading(bool gated)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var model = Small.Model(gated ? Small.Gated with { ModelType = "mt5" } : Small.Relu);

        T5Checkpoint.Save(model, folder.Path);
        using var loaded = T5Checkpoint.Load(folder.Path);

        Assert.False(loaded.training);
        Assert.Equal(model.Config, loaded.Config);
        Assert.Equal(["config.json", Weights], Directory.GetFiles(folder.Path).Select(Path.GetFileName).Order());
        AssertSame(model, loaded);
    }

    [Theory]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float16)]
    public void Sixteen_bit_weights_survive_in_their_own_type_and_widen_exactly(ScalarType type)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var model = Small.Model(Small.Relu);
        model.to(type);

        T5Checkpoint.Save(model, folder.Path);
        using var same = T5Checkpoint.Load(folder.Path, dtype: type);
        using var wide = T5Checkpoint.Load(folder.Path);

        Assert.Equal(type, same.Type);
        AssertSame(model, same);
        Assert.Equal(ScalarType.Float32, wide.Type);
        model.to(ScalarType.Float32);
        AssertSame(model, wide);
    }

    [Fact]
    public void Shards_load_as_one_model()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var model = SavedWith(folder, tensors => { });
        var all = SafetensorsFile.ReadAll(Path.Combine(folder.Path, Weights)).ToList();
        File.Delete(Path.Combine(folder.Path, Weights));
        var shards = all.Select((item, i) => (item.Key, item.Value, File: $"shard-{i % 3}.safetensors")).ToList();
        foreach (var shard in shards.GroupBy(item => item.File))
            SafetensorsFile.Save(Path.Combine(folder.Path, shard.Key), shard.Select(item => (item.Key, item.Value)));
        var map = string.Join(",", shards.Select(item => $"\"{item.Key}\":\"{item.File}\""));
        folder.Write(SafetensorsFolder.IndexFile, "{\"metadata\":{},\"weight_map\":{" + map + "}}");

        using (var loaded = T5Checkpoint.Load(folder.Path))
            AssertSame(model, loaded);

        folder.Write(SafetensorsFolder.IndexFile, """{"weight_map":{"x":"shard-0.safetensors"}}""");
        Assert.Contains("tensor 'x' is not in its shard", Assert.Throws<InvalidDataException>(() => T5Checkpoint.Load(folder.Path)).Message);
        folder.Write(SafetensorsFolder.IndexFile, """{"weight_map":{"x":"../secret"}}""");
        Assert.Contains("'../secret' is not a plain file name", Assert.Throws<InvalidDataException>(() => T5Checkpoint.Load(folder.Path)).Message);
        folder.Write(SafetensorsFolder.IndexFile, """{"weight_map":{"x":"absent"}}""");
        Assert.Contains("'absent'", Assert.Throws<FileNotFoundException>(() => T5Checkpoint.Load(folder.Path)).Message);
        folder.Write(SafetensorsFolder.IndexFile, "{}");
        Assert.Contains("weight_map", Assert.Throws<InvalidDataException>(() => T5Checkpoint.Load(folder.Path)).Message);
    }

    [Fact]
    public void All_misfits_are_named_at_once()
    {
        using var folder = new TemporaryFolder();
        using var model = SavedWith(folder, tensors =>
        {
            tensors.Remove("encoder.final_layer_norm.weight");
            tensors["encoder.block.7.oddity"] = ones(1);
            tensors["decoder.final_layer_norm.weight"] = ones(9);
        });

        var message = Assert.Throws<InvalidDataException>(() => T5Checkpoint.Load(folder.Path)).Message;

        Assert.Contains("missing: encoder.final_layer_norm.weight", message);
        Assert.Contains("not part of the model: encoder.block.7.oddity", message);
        Assert.Contains("of another shape: decoder.final_layer_norm.weight is [9] instead of [16]", message);
    }

    [Fact]
    public void Other_names_of_the_embedding_are_fine()
    {
        using var folder = new TemporaryFolder();
        using var model = SavedWith(folder, tensors =>
        {
            tensors["encoder.embed_tokens.weight"] = tensors["shared.weight"];
            tensors["lm_head.weight"] = tensors["shared.weight"];
            tensors["decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight"] = ones(32, 3);
            tensors.Remove("shared.weight");
        });

        using var loaded = T5Checkpoint.Load(folder.Path);

        AssertSame(model, loaded);
    }

    [Fact]
    public void A_refused_checkpoint_leaves_no_tensors_behind()
    {
        using var folder = new TemporaryFolder();
        using var model = SavedWith(folder, tensors => tensors.Remove("shared.weight"));
        var live = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;

        Assert.Throws<InvalidDataException>(() => T5Checkpoint.Load(folder.Path));

        Assert.Equal(live, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void An_empty_folder_is_refused()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("config.json", Assert.Throws<FileNotFoundException>(() => T5Checkpoint.Load(folder.Path)).Message);
        Small.Relu.Save(Path.Combine(folder.Path, "config.json"));
        Assert.Contains(Weights, Assert.Throws<FileNotFoundException>(() => T5Checkpoint.Load(folder.Path)).Message);
    }

    private static T5Model SavedWith(TemporaryFolder folder, Action<Dictionary<string, Tensor>> change)
    {
        using var scope = NewDisposeScope();
        var model = Small.Model(Small.Relu);
        T5Checkpoint.Save(model, folder.Path);
        var path = Path.Combine(folder.Path, Weights);
        var tensors = SafetensorsFile.ReadAll(path);
        change(tensors);
        SafetensorsFile.Save(path, tensors.Select(item => (item.Key, item.Value)));
        return model;
    }

    private static void AssertSame(T5Model expected, T5Model actual)
    {
        foreach (var ((name, a), (otherName, b)) in expected.named_parameters().Zip(actual.named_parameters()))
        {
            Assert.Equal(name, otherName);
            Assert.Equal(a.dtype, b.dtype);
            Assert.True(a.equal(b).all().item<bool>(), name);
        }
    }
}
