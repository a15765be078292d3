using System.Diagnostics;
using System.Text;
using SamSharp.Samples.T5.Checkpoints;
using SamSharp.Samples.T5.Data;
using SamSharp.Samples.T5.Files;
using SamSharp.Samples.T5.Model;
using SamSharp.Samples.T5.Monitoring;
using SamSharp.Samples.T5.Tasks;
using SamSharp.Samples.T5.Tokenization;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Tests.Reliability;

/// <summary>A damaged file is read, or refused by its path in one or two lines: no exception of the runtime or of libtorch comes through.</summary>
/// <remarks>SAMSHARP_RELIABILITY=long tries 2,000 files of each kind.</remarks>
[Trait("Category", "Reliability")]
public sealed class InputFuzzTests : IDisposable
{
    private const int Seed = 20_26;
    private const int LongestMessage = 1_500;

    private static readonly int Count = Environment.GetEnvironmentVariable("SAMSHARP_RELIABILITY") == "long" ? 2_000 : 150;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

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
        Try(path, Encoding.UTF8.GetBytes(content), () => TaskCatalog.Find(task).Load(_folder.Path, Split.Train));
    }

    [Fact]
    public void Damaged_vocabularies_are_read_or_refused()
    {
        // The front holds the pieces; the rules for characters behind them take most of the file.
        var whole = File.ReadAllBytes(Sentences.Vocabulary);
        Try(Path.Combine(_folder.Path, "spiece.model"), whole, () =>
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
        Try(path, File.ReadAllBytes(path), () => T5Config.Load(path));
    }

    [Fact]
    public void Damaged_weights_are_read_or_refused()
    {
        using var scope = NewDisposeScope();
        var path = Path.Combine(_folder.Path, "x.safetensors");
        SafetensorsFile.Save(path, [("a", ones(3)), ("b", ones(2, 2))], new Dictionary<string, string> { ["format"] = "pt" });
        Try(path, File.ReadAllBytes(path), () =>
        {
            using var inner = NewDisposeScope();
            SafetensorsFile.ReadAll(path);
        });
    }

    [Fact]
    public void Damaged_indexes_are_read_or_refused()
    {
        var path = Path.Combine(_folder.Path, SafetensorsFolder.IndexFile);
        Try(path, Encoding.UTF8.GetBytes("{\"metadata\":{},\"weight_map\":{\"a\":\"model-1.safetensors\",\"b\":\"model-2.safetensors\"}}"),
            () => SafetensorsIndex.Read(path));
    }

    [Fact]
    public void Damaged_metrics_are_read_or_refused()
    {
        var path = Path.Combine(_folder.Path, "metrics.jsonl");
        Try(path, Encoding.UTF8.GetBytes("{\"step\":10,\"split\":\"train\",\"loss\":0.69}\n{\"step\":20,\"split\":\"dev\",\"accuracy\":null}\n"),
            () => MetricsLog.Read(path));
    }

    private static void Try(string path, byte[] whole, Action read, int? reach = null)
    {
        var random = new Random(Seed);
        File.WriteAllBytes(path, whole);
        read();
        for (var n = 0; n < Count; n++)
        {
            var damaged = Damage(whole, random, Math.Min(reach ?? whole.Length, whole.Length), n);
            File.WriteAllBytes(path, damaged);
            var watch = Stopwatch.StartNew();
            try
            {
                read();
            }
            catch (Exception error) when (error is FormatException or InvalidDataException or FileNotFoundException)
            {
                Assert.Contains(Path.GetDirectoryName(path)!, error.Message, StringComparison.Ordinal);
                Assert.DoesNotContain(FilePlace.Unforeseen, error.Message, StringComparison.Ordinal);
                Assert.InRange(error.Message.Length, 1, LongestMessage);
                Assert.InRange(error.Message.Split('\n').Length, 1, 2);
            }
            catch (Exception error)
            {
                Assert.Fail($"file {n}: {error}");
            }
            Assert.True(watch.Elapsed < Limit, $"file {n} took {watch.Elapsed}");
        }
    }

    private static byte[] Damage(byte[] whole, Random random, int reach, int n)
    {
        string[] texts =
        [
            "null", "[]", "{}", "-1", "1e999", "2147483648", "\"\\ud800\"", "\"\"", "\t", "\r", "\0", "true", "\uFEFF", "99999999999999999999",
        ];
        var place = random.Next(reach);
        byte[] Insert(byte[] text, int cut) => [.. whole[..place], .. text, .. whole[Math.Min(whole.Length, place + cut)..]];
        switch (n % 5)
        {
            case 0:
                return whole[..place];
            case 1:
                return Insert(Encoding.UTF8.GetBytes(texts[random.Next(texts.Length)]), random.Next(8));
            case 2:
                return Insert([], random.Next(1, 12));
            case 3:
                return Insert(whole[random.Next(reach)..][..Math.Min(16, whole.Length - reach + 1)], 0);
            default:
                byte[] bytes = [.. whole];
                for (var hits = random.Next(1, 5); hits > 0; hits--)
                    bytes[random.Next(reach)] = (byte)random.Next(256);
                return bytes;
        }
    }
}
