using SamSharp.Samples.T5.Tasks;

namespace SamSharp.Samples.T5.Tests.Tasks;

public sealed class TaskLoadingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("sst2", "dev.tsv", "", "dev.tsv is empty: its first line should name the columns")]
    [InlineData("sst2", "dev.tsv", "sentence\tlabel\n", "dev.tsv is empty: it holds no rows for the task 'sst2'")]
    [InlineData("cola", "dev.tsv", "", "dev.tsv is empty: it holds no rows for the task 'cola'")]
    [InlineData("boolq", "val.jsonl", "\n", "val.jsonl is empty: it holds no rows for the task 'boolq'")]
    [InlineData("sst2", "dev.tsv", "text\tlabel\na\t1\n", "dev.tsv, line 2, column 'sentence': the column is missing; there are text, label")]
    [InlineData("rte", "dev.tsv", "sentence\tlabel\na\t1\n", "line 2, column 'sentence1': the column is missing")]
    [InlineData("sst2", "dev.tsv", "sentence\tlabel\na\t1\nb\n", "line 3: 1 fields, but there are 2 columns (sentence, label)")]
    [InlineData("sst2", "dev.tsv", "sentence\tlabel\n\na\tb\t1\n", "line 3: 3 fields, but there are 2 columns")]
    [InlineData("cola", "dev.tsv", "sentence\tlabel\n", "line 1: 2 fields, but there are 4 columns (source, label, mark, sentence)")]
    [InlineData("sst2", "dev.tsv", "sentence\tlabel\na\t2\n", "line 2, column 'label': The task 'sst2' knows the labels 0, 1. The value is '2'")]
    [InlineData("text", "dev.tsv", "sentence\tlabel\na\t \n", "line 2, column 'label': A label is missing")]
    [InlineData("stsb", "dev.tsv", "sentence1\tsentence2\tscore\na\tb\thigh\n", "column 'score': A score is a number from 0 to 5. The value is 'high'")]
    [InlineData("stsb", "dev.tsv", "sentence1\tsentence2\tscore\na\tb\t5.1\n", "The value is '5.1'")]
    [InlineData("boolq", "val.jsonl", "{\"question\": \"a\"}\n", "line 1, column 'passage': the column is missing; there are question")]
    [InlineData("boolq", "val.jsonl", "\n{\"question\": \"a\n", "val.jsonl, line 2, byte")]
    [InlineData("boolq", "val.jsonl", "[1]\n", "line 1: an object is expected")]
    [InlineData("boolq", "val.jsonl", "{\"question\": \"a\", \"passage\": \"b\", \"label\": null}\n", "knows the labels false, true. The value is 'null'")]
    public void A_malformed_file_is_refused_with_its_place_and_the_reason(string task, string file, string content, string message)
    {
        var path = _folder.Write(file, content);
        var error = Assert.Throws<FormatException>(() => TaskCatalog.Find(task).Load(_folder.Path, Split.Validation));
        Assert.StartsWith(path, error.Message);
        Assert.Contains(message, error.Message);
    }

    [Fact]
    public void A_missing_folder_is_named()
    {
        var error = Assert.Throws<DirectoryNotFoundException>(() => TaskCatalog.Find("rte").Load("no/such/folder", Split.Train));
        Assert.Contains("'no/such/folder'", error.Message);
    }

    [Fact]
    public void A_missing_file_is_named_with_the_names_it_may_have()
    {
        var error = Assert.Throws<FileNotFoundException>(() => TaskCatalog.Find("rte").Load(_folder.Path, Split.Validation));
        Assert.Contains($"no dev.tsv or dev.jsonl or val.tsv or val.jsonl", error.Message);
        Assert.Contains($"'{_folder.Path}', nor in its folder RTE or glue", error.Message);
    }

    [Theory]
    [InlineData("train.tsv")]
    [InlineData("SST-2/train.tsv")]
    [InlineData("glue/SST-2/train.tsv")]
    public void The_folder_may_be_the_data_sets_or_one_that_holds_it(string file)
    {
        _folder.Write(file, "sentence\tlabel\na\t1\n");
        Assert.Single(TaskCatalog.Find("sst2").Load(_folder.Path, Split.Train));
    }

    [Fact]
    public void A_sample_serves_where_the_training_set_is_absent_with_a_notice()
    {
        _folder.Write("train32.jsonl", """{"question": "a", "passage": "b", "label": true}""");
        List<string> notices = [];
        var task = TaskCatalog.Find("boolq");
        Assert.Single(task.Load(_folder.Path, Split.Train, notices.Add));
        Assert.Contains("no whole training set", Assert.Single(notices));

        _folder.Write("train.jsonl", """{"question": "c", "passage": "d", "label": true}""");
        Assert.Equal("boolq question: c passage: d", Assert.Single(task.Load(_folder.Path, Split.Train, notices.Add)).Input);
        Assert.Single(notices);
    }
}
