using System.Diagnostics;
using SamSharp.Samples.T5.Data;
using SamSharp.Samples.T5.Files;
using SamSharp.Samples.T5.Model;
using SamSharp.Samples.T5.Pretraining;
using SamSharp.Samples.T5.Tasks;
using SamSharp.Samples.T5.Tokenization;

namespace SamSharp.Samples.T5.Tests.Reliability;

/// <summary>A line of 32 MB, in every kind of text file: refused, or read where the whole file may be one line; in five seconds, with at most twice
/// the file and 32 MB more.</summary>
[Trait("Category", "Reliability")]
public sealed class LongLineTests : IDisposable
{
    private const int Length = 32 << 20;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("train.jsonl", "{\"sentence\":\"", "\",\"label\":1}\n", "line 1: it is longer than 8 MB")]
    [InlineData("train.tsv", "sentence\tlabel\n", "\t1\n", "line 2: it is longer than 8 MB")]
    [InlineData("train.csv", "sentence,label\n", ",1\n", "line 2: it is longer than 8 MB")]
    [InlineData("train.csv", "sentence,label\n\"", "\",1\n", "line 2: it is longer than 8 MB")]
    [InlineData("train.json", "[{\"label\":1,\"sentence\":\"", "\"}]", "it is longer than 8 MB")]
    public void A_row_of_a_task_is_refused(string name, string before, string after, string message)
    {
        var path = Write(name, before, after);
        Refused<FormatException>(path, () => TaskCatalog.Find("sst2").Load(_folder.Path, Split.Train), message);
    }

    [Fact]
    public void A_quote_left_open_before_many_lines_is_refused()
    {
        var path = Path.Combine(_folder.Path, "train.csv");
        File.WriteAllText(path, "sentence,label\n\"" + string.Concat(Enumerable.Repeat(new string('x', 63) + "\n", Length / 64)));
        Refused<FormatException>(path, () => TaskCatalog.Find("sst2").Load(_folder.Path, Split.Train), "Is a quote left open before it?");
    }

    [Fact]
    public void A_line_of_labelled_questions_or_of_plain_text_is_refused()
    {
        var path = Write("train_5500.label", "LOC:city ", "\n");
        Refused<FormatException>(path, () => TaskCatalog.Find("trec").Load(_folder.Path, Split.Train), "line 1: it is longer than 8 MB");
        var text = Write("a.txt", "", "");
        Refused<FormatException>(text, () => Assert.Single(TextFile.Lines(text)), "line 1: it is longer than 8 MB");
        Assert.Contains("line 1: it is longer than 8 MB", Assert.Throws<FormatException>(
            () => TextFiles.Encode(text, T5Tokenizer.Load(Sentences.Vocabulary))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_configuration_is_refused()
    {
        var path = Write("config.json", "{\"num_layers\":\"", "\"}");
        Refused<InvalidDataException>(path, () => T5Config.Load(path), "'num_layers' is \"xxx");
    }

    /// <summary>Data sets of questions come as one line of this size.</summary>
    [Fact]
    public void A_document_of_many_rows_in_one_line_is_read()
    {
        var row = "{\"label\":1,\"sentence\":\"" + new string('x', 1000) + "\"}";
        var path = Path.Combine(_folder.Path, "train.json");
        File.WriteAllText(path, "[" + string.Join(',', Enumerable.Repeat(row, Length / row.Length)) + "]");
        var watch = Stopwatch.StartNew();
        Assert.Equal(Length / row.Length, TaskCatalog.Find("sst2").Load(_folder.Path, Split.Train).Count);
        Assert.True(watch.Elapsed < Limit, $"it took {watch.Elapsed}");
    }

    private string Write(string name, string before, string after)
    {
        var path = Path.Combine(_folder.Path, name);
        File.WriteAllText(path, before + new string('x', Length) + after);
        return path;
    }

    private static void Refused<T>(string path, Action read, string message) where T : Exception
    {
        var (watch, before) = (Stopwatch.StartNew(), GC.GetAllocatedBytesForCurrentThread());
        var error = Assert.Throws<T>(read);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.InRange(error.Message.Length, 1, 500);
        Assert.True(watch.Elapsed < Limit, $"it took {watch.Elapsed}");
        Assert.True(allocated <= (2L * Length) + (32 << 20), $"it took {allocated:N0} bytes");
    }
}
