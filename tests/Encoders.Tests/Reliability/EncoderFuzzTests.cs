using System.Text;
using Google.Protobuf;
using Onnx;
using SamSharp.Samples.Encoders.Model;
using SamSharp.Samples.Encoders.Sources;
using SamSharp.Samples.Encoders.Tokenization;
using static TorchSharp.torch;

namespace SamSharp.Samples.Encoders.Tests.Reliability;

/// <summary>The files of an encoder, damaged: each is read, or refused by its path in one or two lines.</summary>
[Trait("Category", "Reliability")]
[TensorScope]
public sealed class EncoderFuzzTests : IDisposable
{
    private const string Pieces = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\n##c\nñ\n東\n";

    private static readonly string[] Labels = ["no", "yes"];

    private static readonly BertConfig Shape = new()
    {
        VocabularySize = 10,
        Width = 12,
        Layers = 2,
        Heads = 3,
        InnerWidth = 20,
        Positions = 10,
    };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(EncoderFiles.Config, null)]
    [InlineData(EncoderFiles.Vocabulary, null)]
    [InlineData("model.safetensors", null)]
    [InlineData("tokenizer_config.json", "{\"do_lower_case\":true,\"strip_accents\":null,\"tokenize_chinese_chars\":false,\"cls_token\":\"[CLS]\"," +
        "\"pad_token\":{\"content\":\"[PAD]\"},\"added_tokens_decoder\":{\"0\":{\"content\":\"[PAD]\"},\"3\":{\"content\":\"[SEP]\"}}}")]
    [InlineData("added_tokens.json", "{\"[CLS]\":2,\"[SEP]\":3}")]
    public void Damaged_folders_are_read_or_refused(string name, string? content)
    {
        Save();
        var path = Path.Combine(_folder.Path, name);
        DamagedFiles.Try(path, content is null ? File.ReadAllBytes(path) : Encoding.UTF8.GetBytes(content), () =>
        {
            using var scope = NewDisposeScope();
            var source = EncoderSource.Open(_folder.Path);
            source.Tokenizer.Encode("A b, ábc – 東京 ñ", "ac\0 [SEP]", 8);
            using var model = source.Create(source.Labels.Count > 0 ? source.Labels : Labels, seed: 1);
        });
    }

    [Fact]
    public void Damaged_exports_are_read_or_refused()
    {
        var path = Path.Combine(_folder.Path, "model.onnx");
        DamagedFiles.Try(path, Export(), () =>
        {
            using var scope = NewDisposeScope();
            var weights = OnnxWeights.Parse(File.ReadAllBytes(path), path);
            weights.ReadInto("layer.bias", zeros(2));
            weights.ReadInto("layer.weight", zeros(2, 3));
        });
    }

    [Theory]
    [InlineData("\"num_hidden_layers\": 2,", "\"num_hidden_layers\": 2000000000,", "weights, and an encoder of this shape has")]
    [InlineData("\"hidden_size\": 12,", "\"hidden_size\": 2147483646,", "weights, and an encoder of this shape has")]
    [InlineData("\"vocab_size\": 10,", "\"vocab_size\": 9,", "it has 10 pieces, and vocab_size in config.json is 9")]
    [InlineData("\"pad_token_id\": 0,", "\"pad_token_id\": 10,", "pad_token_id is 10")]
    [InlineData("\"layer_norm_eps\": 1E-12,", "\"layer_norm_eps\": -1,", "layer_norm_eps is -1")]
    [InlineData("\"0\": \"no\"", "\"0\": 7", "'id2label.0' is 7, expected a text")]
    public void A_shape_that_the_files_do_not_have_is_refused_before_a_model_is_built(string there, string put, string message)
    {
        Save();
        var path = Path.Combine(_folder.Path, EncoderFiles.Config);
        var text = File.ReadAllText(path);
        Assert.Contains(there, text, StringComparison.Ordinal);
        File.WriteAllText(path, text.Replace(there, put, StringComparison.Ordinal));
        var error = Assert.Throws<InvalidDataException>(() => EncoderSource.Open(_folder.Path).Create());
        Assert.StartsWith(_folder.Path, error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    private void Save()
    {
        using var generator = new Generator(3);
        var tokenizer = new WordPieceTokenizer(Encoding.UTF8.GetBytes(Pieces), lowerCase: true, "test");
        using var model = EncoderModel.Random(Shape, generator, tokenizer.SeparatorId, Labels.Length);
        EncoderFiles.Save(model, tokenizer, Labels, _folder.Path);
    }

    /// <summary>A layer as PyTorch exports it: the matrix transposed and without its name.</summary>
    private static byte[] Export()
    {
        static TensorProto Floats(string name, params long[] shape)
        {
            var tensor = new TensorProto { Name = name, DataType = (int)TensorProto.Types.DataType.Float };
            tensor.Dims.AddRange(shape);
            tensor.RawData = ByteString.CopyFrom(new byte[sizeof(float) * shape.Aggregate(1L, (product, size) => product * size)]);
            return tensor;
        }
        var graph = new GraphProto { Name = "main" };
        graph.Initializer.AddRange([Floats("layer.bias", 2), Floats("matrix", 3, 2)]);
        graph.Node.AddRange(
        [
            new NodeProto { OpType = "MatMul", Input = { "x", "matrix" }, Output = { "product" } },
            new NodeProto { OpType = "Add", Input = { "layer.bias", "product" }, Output = { "sum" } },
        ]);
        return new ModelProto { IrVersion = 7, Graph = graph }.ToByteArray();
    }
}
