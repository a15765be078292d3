using System.Text;
using SamSharp.Samples.T5.Checkpoints;
using SamSharp.Samples.T5.Data;
using SamSharp.Samples.T5.Model;
using SamSharp.Samples.T5.Monitoring;
using SamSharp.Samples.T5.Tasks;
using SamSharp.Samples.T5.Tokenization;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Tests.Reliability;

/// <summary>A damaged file is read, or refused by its path in one or two lines: no exception of the runtime or of libtorch comes through.</summary>
[Trait("Category", "Reliability")]
public sealed class InputFuzzTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("sst2", "train.jsonl", "{\"sentence\":\"naïve \\ud83d\\ude00 a\",\"label\":1}\n{\"sentence\":\"b\",\"label\":0}\n")]
    [InlineData("sst2", "train.tsv", "sentence\tlabel\na good one – ü\t1\nb\t0\n")]
    [InlineData("sst2", "train.csv", "sentence,label\n\"a, \"\"good\"\" one\",1\nb,0\n")]
    [InlineData("trec", "train_5500.label", "LOC:city where ?\nNUM:date when – ?\n")]
    [InlineData("naturalquestions", "train.jsonl", "{\"question\":\"who\",\"answer\":[\"x\",\"y\"]}\n")]
    [InlineData("triviaqa", "train.json", "{\"Data\":[{\"Question\":\"who\",\"Answer\":{\"Value\":\"v\",\"Aliases\":[\"w\"]}}]}")]
    [InlineData("tydiqa", "train.json",
        "{\"data\":[{\"paragraphs\":[{\"context\":\"c\",\"qas\":[{\"id\":\"one-1\",\"question\":\"q\",\"answers\":[{\"text\":\"a\"}]}]}]}]}")]
    [InlineData("record", "train.jsonl", "{\"passage\":{\"text\":\"Ann won.\",\"entities\":[{\"start\":0,\"end\":2}]}," +
        "\"qas\":[{\"query\":\"@placeholder\",\"answers\":[{\"text\":\"Ann\"}]}]}\n")]
    [InlineData("multirc", "train.jsonl", "{\"idx\":0,\"passage\":{\"text\":\"t\",\"questions\":[{\"question\":\"q\",\"idx\":1,\"answers\":" +
        "[{\"text\":\"a\",\"label\":1}]}]}}\n")]
    [InlineData("wsc", "train.jsonl", "{\"text\":\"Ann knew she won\",\"target\":{\"span1_text\":\"Ann\",\"span2_text\":\"she\",\"span2_index\":2}," +
        "\"label\":true}\n")]
    public void Damaged_rows_are_read_or_refused(string task, string name, string content)
    {
        var path = Path.Combine(_folder.Path, name);
        DamagedFiles.Try(path, Encoding.UTF8.GetBytes(content), () => TaskCatalog.Find(task).Load(_folder.Path, Split.Train));
    }

    [Fact]
    public void Damaged_vocabularies_are_read_or_refused()
    {
        // The front holds the pieces; the rules for characters behind them take most of the file.
        var whole = File.ReadAllBytes(Sentences.Vocabulary);
        DamagedFiles.Try(Path.Combine(_folder.Path, "spiece.model"), whole, () =>
        {
            var tokenizer = T5Tokenizer.Load(Path.Combine(_folder.Path, "spiece.model"));
            tokenizer.Decode(tokenizer.Encode("A wonderful, heart-warming café – 東京"));
        }, reach: 20_000);
    }

    [Fact]
    public void Damaged_configurations_are_read_or_refused()
    {
        var path = Path.Combine(_folder.Path, "config.json");
        Small.Gated.Save(path);
        DamagedFiles.Try(path, File.ReadAllBytes(path), () => T5Config.Load(path));
    }

    [Fact]
    public void Damaged_weights_are_read_or_refused()
    {
        using var scope = NewDisposeScope();
        var path = Path.Combine(_folder.Path, "x.safetensors");
        SafetensorsFile.Save(path, [("a", ones(3)), ("b", ones(2, 2))], new Dictionary<string, string> { ["format"] = "pt" });
        DamagedFiles.Try(path, File.ReadAllBytes(path), () =>
        {
            using var inner = NewDisposeScope();
            SafetensorsFile.ReadAll(path);
        });
    }

    [Fact]
    public void Damaged_indexes_are_read_or_refused()
    {
        var path = Path.Combine(_folder.Path, SafetensorsFolder.IndexFile);
        var whole = "{\"metadata\":{},\"weight_map\":{\"a\":\"model-1.safetensors\",\"b\":\"model-2.safetensors\"}}"u8;
        DamagedFiles.Try(path, whole.ToArray(), () => SafetensorsIndex.Read(path));
    }

    [Fact]
    public void Damaged_metrics_are_read_or_refused()
    {
        var path = Path.Combine(_folder.Path, "metrics.jsonl");
        var whole = "{\"step\":10,\"split\":\"train\",\"loss\":0.69}\n{\"step\":20,\"split\":\"dev\",\"accuracy\":null}\n"u8;
        DamagedFiles.Try(path, whole.ToArray(), () => MetricsLog.Read(path));
    }

    [Theory]
    [InlineData("tokenizer_config.json", "{\"added_tokens_decoder\":{\"0\":{\"content\":\"<pad>\"},\"1\":{\"content\":\"</s>\"}}," +
        "\"eos_token\":\"</s>\",\"pad_token\":{\"content\":\"<pad>\"},\"unk_token\":\"<unk>\",\"extra_ids\":100}")]
    [InlineData("added_tokens.json", "{\"<extra_id_0>\":1099,\"<extra_id_1>\":1098}")]
    public void Damaged_settings_of_a_vocabulary_are_read_or_refused(string name, string content)
    {
        File.Copy(Sentences.Vocabulary, Path.Combine(_folder.Path, "spiece.model"));
        DamagedFiles.Try(Path.Combine(_folder.Path, name), Encoding.UTF8.GetBytes(content),
            () => T5Tokenizer.Load(Path.Combine(_folder.Path, "spiece.model")));
    }
}
