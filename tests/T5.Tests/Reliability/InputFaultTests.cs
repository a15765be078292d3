using System.Text;
using SamSharp.Samples.T5.Checkpoints;
using SamSharp.Samples.T5.Data;
using SamSharp.Samples.T5.Model;
using SamSharp.Samples.T5.Tasks;
using SamSharp.Samples.T5.Tokenization;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Tests.Reliability;

/// <summary>Faults of files that did damage in silence, or ended in an exception that named no file.</summary>
[TensorScope]
public sealed class InputFaultTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("sst2", "train.jsonl", "{\"sentence\":null,\"label\":1}", "line 1, column 'sentence': the value is null")]
    [InlineData("text", "train.jsonl", "{\"text\":\"a\",\"label\":null}", "line 1, column 'label': A label is missing")]
    [InlineData("sst2", "train.jsonl", "{\"sentence\":[\"a\"],\"label\":1}", "column 'sentence': expected a text")]
    [InlineData("sst2", "train.jsonl", "{\"sentence\":\"a \\ud83d b\",\"label\":1}", "line 1, column 'sentence': it holds half a surrogate pair")]
    [InlineData("naturalquestions", "train.jsonl", "{\"question\":\"who\",\"answer\":[null,\"x\"]}", "'[0]' is null")]
    [InlineData("naturalquestions", "train.jsonl", "{\"question\":\"who\",\"answer\":[\"\"]}", "'[0]' is an empty answer")]
    [InlineData("sst2", "train.tsv", "\t\tsentence\tlabel\n0\t0\ta\t1\n", "line 1, column '': the name comes twice")]
    [InlineData("sst2", "train.csv", "sentence,label,label\na,1,1\n", "row 1, column 'label': the name comes twice")]
    [InlineData("multirc", "train.jsonl", "{\"idx\":0,\"passage\":{\"text\":\"t\",\"questions\":[{\"question\":\"q\",\"idx\":1}]}}",
        "column 'passage': 'questions[0].answers' is missing")]
    [InlineData("record", "train.jsonl", "{\"passage\":{\"text\":\"Ann\",\"entities\":[{\"start\":0,\"end\":9}]},\"qas\":[]}",
        "'entities[0]' reaches from character 0 to 9")]
    public void Rows_are_refused_by_file_line_and_key(string task, string name, string content, string message)
    {
        var path = _folder.Write(name, content);
        var error = Assert.Throws<FormatException>(() => TaskCatalog.Find(task).Load(_folder.Path, Split.Train));
        Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void One_bad_byte_harms_no_other_line_and_is_said()
    {
        File.WriteAllBytes(Path.Combine(_folder.Path, "train.tsv"),
            [.. Encoding.UTF8.GetBytes("sentence\tlabel\nnaïve café – 日本\t1\nx"), 0xE9, .. "\t0\n"u8]);
        List<string> notices = [];
        var rows = TaskCatalog.Find("sst2").Load(_folder.Path, Split.Train, notices.Add);
        Assert.Equal(["sst2 sentence: naïve café – 日本", "sst2 sentence: xé"], rows.Select(row => row.Input));
        Assert.Contains("line 3", Assert.Single(notices), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("utf-16", "\n")]
    [InlineData("utf-16BE", "\r\n")]
    [InlineData("utf-32", "\n")]
    [InlineData("utf-8", "\r")]
    public void Marked_encodings_and_other_line_ends_are_read(string encoding, string end)
    {
        var (name, text) = (Encoding.GetEncoding(encoding), $"sentence\tlabel{end}héllo\t1{end}");
        File.WriteAllBytes(Path.Combine(_folder.Path, "train.tsv"), [.. name.GetPreamble(), .. name.GetBytes(text)]);
        Assert.Equal("sst2 sentence: héllo", Assert.Single(TaskCatalog.Find("sst2").Load(_folder.Path, Split.Train)).Input);
    }

    [Fact]
    public void Entities_are_counted_in_code_points()
    {
        _folder.Write("train.jsonl", "{\"passage\":{\"text\":\"😀 Ann won\",\"entities\":[{\"start\":2,\"end\":4}]}," +
            "\"qas\":[{\"query\":\"q\",\"answers\":[{\"text\":\"Ann\"}]}]}");
        Assert.Contains("entities: Ann passage", Assert.Single(TaskCatalog.Find("record").Load(_folder.Path, Split.Train)).Input,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_shard_is_named()
    {
        _folder.Write("train-00000-of-00003.parquet", "");
        _folder.Write("train-00002-of-00003.parquet", "");
        var error = Assert.Throws<FormatException>(() => TaskCatalog.Find("sst2").Load(_folder.Path, Split.Train));
        Assert.Contains("number 1 of the parts 0 to 2 is missing", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Ids_of_vocabulary_and_configuration_are_one_or_the_clash_is_named()
    {
        var path = Path.Combine(_folder.Path, "config.json");
        Small.Relu.Save(path);
        var error = Assert.Throws<InvalidDataException>(() => T5Config.Load(path, new SpecialIds(3, 2, "own.model")));
        Assert.Contains("pad_token_id is 0, but the vocabulary own.model has 3", error.Message, StringComparison.Ordinal);
        var fresh = T5Config.Named("tiny", 100, new SpecialIds(3, 2, "own.model"));
        Assert.Equal((3, 2, 3), (fresh.PadTokenId, fresh.EosTokenId, fresh.DecoderStartTokenId));
    }

    [Theory]
    [InlineData("\"pad_token_id\":1,\"eos_token_id\":2", null)]
    [InlineData("\"attention_bias\":true", "'attention_bias' is unknown here")]
    [InlineData("\"num_layers\":2147483647", "num_layers is 2147483647")]
    public void Keys_are_honored_or_refused(string keys, string? message)
    {
        var path = _folder.Write("config.json",
            "{\"vocab_size\":40,\"d_model\":16,\"d_kv\":4,\"d_ff\":24,\"num_heads\":3,\"num_layers\":2," + keys + "}");
        if (message is null)
            Assert.Equal(1, T5Config.Load(path).DecoderStartTokenId);
        else
            Assert.Contains(message, Assert.Throws<InvalidDataException>(() => T5Config.Load(path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_shapes_that_are_expected_are_the_models(bool gated)
    {
        using var model = Small.Model(gated ? Small.Gated : Small.Relu);
        Assert.Equal(model.named_parameters().Select(item => $"{item.name} {string.Join(',', item.parameter.shape)}").Order(),
            T5Shapes.Of(model.Config).Select(weight => $"{weight.Name} {string.Join(',', weight.Shape)}").Order());
    }

    [Theory]
    [InlineData("{\"eos_token\":\"<end>\"}", null, "'eos_token' is '<end>', and only '</s>' is supported")]
    [InlineData("{\"extra_ids\":7}", null, "'extra_ids': is 7; only 100 is supported")]
    [InlineData("{\"added_tokens_decoder\":{\"1200\":{\"content\":\"<new>\"}}}", null, "adds the token '<new>' with id 1200")]
    [InlineData(null, "{\"<new>\":1100}", "adds the token '<new>' with id 1100")]
    [InlineData("{\"eos_token\":{\"content\":\"</s>\"},\"pad_token\":\"<pad>\",\"extra_ids\":100}", "{\"<extra_id_0>\":1099}", null)]
    public void Settings_beside_a_vocabulary_are_what_it_says_or_refused(string? settings, string? added, string? message)
    {
        var path = Path.Combine(_folder.Path, "spiece.model");
        File.Copy(Sentences.Vocabulary, path);
        if (settings is not null) _folder.Write("tokenizer_config.json", settings);
        if (added is not null) _folder.Write("added_tokens.json", added);
        if (message is null)
        {
            Assert.Equal(1100, T5Tokenizer.Load(path).VocabularySize);
            return;
        }
        var error = Assert.Throws<InvalidDataException>(() => T5Tokenizer.Load(path));
        Assert.StartsWith(_folder.Path, error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_start_token_that_is_the_unknown_one_is_no_part_of_a_prediction()
    {
        var tokenizer = T5Tokenizer.Load(Sentences.Vocabulary);
        Assert.Equal("It is not good.", tokenizer.DecodeGenerated([tokenizer.UnknownId, .. tokenizer.Encode("It is not good."), tokenizer.EosId]));
    }

    [Fact]
    public void An_index_whose_map_is_null_is_refused_by_file_and_key()
    {
        Small.Relu.Save(Path.Combine(_folder.Path, "config.json"));
        var path = _folder.Write(SafetensorsFolder.IndexFile, "{\"weight_map\":null}");
        var error = Assert.Throws<InvalidDataException>(() => T5Checkpoint.Load(_folder.Path));
        Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
        Assert.Contains("weight_map", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Metadata_that_are_null_are_none()
    {
        var header = "{\"__metadata__\":null,\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}"u8;
        var path = Path.Combine(_folder.Path, "x.safetensors");
        File.WriteAllBytes(path, [.. BitConverter.GetBytes((long)header.Length), .. header, .. BitConverter.GetBytes(2.5f)]);
        Assert.Equal(2.5f, SafetensorsFile.ReadAll(path)["a"].item<float>());
    }

    /// <summary>The output weights of the feed-forward layers are so large that float16 has no number for what they give; with
    /// <paramref name="inner"/> it has none for what goes into them either, which is clamped.</summary>
    [Theory]
    [InlineData(2e6, 1, true)]
    [InlineData(1, 2e4, false)]
    public void Float16_stays_finite_where_its_range_is_left(double outer, double inner, bool isNear)
    {
        double largest = 0;
        using var scope = NewDisposeScope();
        using var off = no_grad();
        using var model = Small.Model(Small.Relu);
        model.eval();
        foreach (var (name, parameter) in model.named_parameters())
        {
            if (name.EndsWith("wo.weight", StringComparison.Ordinal)) parameter.MultiplyBy(outer);
            if (name.EndsWith("wi.weight", StringComparison.Ordinal)) parameter.MultiplyBy(inner);
            if (inner > 1 && name.Contains("layer_norm", StringComparison.Ordinal)) parameter.MultiplyBy(30);
        }
        foreach (var layer in model.modules().OfType<FeedForward>())
            layer.register_forward_hook((_, _, output) =>
            {
                largest = Math.Max(largest, output.abs().max().to(ScalarType.Float64).item<double>());
                return output;
            });
        var ids = Small.Ids(1, 4, Small.Relu);
        var wide = model.Encode(ids, ones_like(ids));
        Assert.True(largest > 65504, $"the largest number is {largest}");
        model.ComputeType = ScalarType.Float16;
        var narrow = model.Encode(ids, ones_like(ids)).to(ScalarType.Float32);
        Assert.True(narrow.isfinite().all().item<bool>());
        Assert.True(!isNear || narrow.allclose(wide, rtol: 0.05, atol: 0.02));
    }
}
