using System.Text.Json;
using SamSharp.Samples.T5.Checkpoints;
using SamSharp.Samples.T5.Model;
using SamSharp.Samples.T5.Training;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Tests.Checkpoints;

[TensorScope]
public sealed class LoraFilesTests : IDisposable
{
    private static readonly TrainingOptions Options = new() { LoraRank = 2 };

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Adapters_are_written_under_the_usual_names_and_read_again()
    {
        using var model = Model();
        LoraSetup.Attach(model, Options, checkpoint: null);
        var adapters = model.Adapters!;
        Assert.All(adapters.Parameters(), parameter => Assert.True(parameter.requires_grad));
        Assert.All(model.OwnParameters(), item => Assert.False(item.Parameter.requires_grad));
        using (no_grad())
        {
            foreach (var layer in adapters.Layers.Values) layer.B.normal_();
        }
        LoraFiles.Save(adapters, _folder.Path);

        using var file = SafetensorsFile.Open(Path.Combine(_folder.Path, "adapter_model.safetensors"));
        // One layer of attention in the encoder, two in the decoder; queries and values; two factors.
        Assert.Equal(12, file.Entries.Count);
        Assert.Contains("base_model.model.decoder.block.0.layer.1.EncDecAttention.v.lora_B.weight", file.Entries.Keys);
        using var config = JsonDocument.Parse(File.ReadAllText(Path.Combine(_folder.Path, "adapter_config.json")));
        Assert.Equal((2, 4.0), (config.RootElement.GetProperty("r").GetInt32(), config.RootElement.GetProperty("lora_alpha").GetDouble()));

        using var other = Model();
        LoraSetup.Attach(other, Options, _folder.Path);
        var ids = tensor(new long[] { 5, 6, 1 }, [1, 3]);
        Assert.Equal(model.Loss(ids, ones_like(ids), ids).ReadDouble(), other.Loss(ids, ones_like(ids), ids).ReadDouble());
        adapters.Merge();
        T5Checkpoint.Save(model, Path.Combine(_folder.Path, "merged"));
        using var merged = T5Checkpoint.Load(Path.Combine(_folder.Path, "merged"));
        Assert.Equal(other.Loss(ids, ones_like(ids), ids).ReadDouble(), merged.Loss(ids, ones_like(ids), ids).ReadDouble(), 1e-4);
    }

    [Fact]
    public void A_file_of_another_rank_is_refused_by_name()
    {
        using var model = Model();
        LoraSetup.Attach(model, Options, checkpoint: null);
        LoraFiles.Save(model.Adapters!, _folder.Path);
        using var other = Model();
        var error = Assert.Throws<InvalidDataException>(() => LoraSetup.Attach(other, Options with { LoraRank = 3 }, _folder.Path));
        Assert.Contains("adapter_model.safetensors", error.Message, StringComparison.Ordinal);
        Assert.Contains("instead of [3, ", error.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static T5Model Model()
    {
        using var generator = new Generator(1);
        var model = new T5Model(new T5Config
        {
            VocabularySize = 32,
            ModelWidth = 8,
            HeadWidth = 4,
            Heads = 2,
            FeedForwardWidth = 16,
            EncoderLayers = 1,
            DecoderLayers = 1,
        }, generator, dropout: 0);
        model.eval();
        return model;
    }
}
