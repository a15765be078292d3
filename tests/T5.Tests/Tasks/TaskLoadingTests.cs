using SamSharp.Samples.T5.Data;
using SamSharp.Samples.T5.Tasks;

namespace SamSharp.Samples.T5.Tests.Tasks;

public sealed class TaskLoadingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("sst2", "dev.tsv", "", "dev.tsv is empty: its first line should name the columns")]
    [InlineData("sst2", "dev.tsv", "sentence\tlabel\n", "dev.tsv is empty: there are no rows for the task 'sst2'")]
    [InlineData("cola", "dev.tsv", "", "dev.tsv is empty: there are no rows for the task 'cola'")]
    [InlineData("boolq", "val.jsonl", "\n", "val.jsonl is empty: there are no rows for the task 'boolq'")]
    [InlineData("sst2", "dev.tsv", "text\tlabel\na\t1\n", "dev.tsv, line 2, column 'sentence': the column is missing; the file has text, label")]
    [InlineData("rte", "dev.tsv", "sentence\tlabel\na\t1\n", "line 2, column 'sentence1': the column is missing")]
    [InlineData("sst2", "dev.tsv", "sentence\tlabel\na\t1\nb\n", "line 3: 1 fields, but 2 columns (sentence, label)")]
    [InlineData("sst2", "dev.tsv", "sentence\tlabel\n\na\tb\t1\n", "line 3: 3 fields, but 2 columns")]
    [InlineData("cola", "dev.tsv", "sentence\tlabel\n", "line 1: 2 fields, but 4 columns (source, label, mark, sentence)")]
    [InlineData("sst2", "dev.tsv", "sentence\tlabel\na\t2\n", "line 2, column 'label': The labels of task 'sst2' are 0, 1. The value is '2'")]
    [InlineData("text", "dev.tsv", "sentence\tlabel\na\t \n", "line 2, column 'label': A label is missing")]
    [InlineData("stsb", "dev.tsv", "sentence1\tsentence2\tscore\na\tb\thigh\n",
        "column 'score|label': The score must be a number from 0 to 5. The value is 'high'")]
    [InlineData("stsb", "dev.tsv", "sentence1\tsentence2\tscore\na\tb\t5.1\n", "The value is '5.1'")]
    [InlineData("boolq", "val.jsonl", "{\"question\": \"a\"}\n", "line 1, column 'passage': the column is missing; the file has question")]
    [InlineData("boolq", "val.jsonl", "\n{\"question\": \"a\n", "val.jsonl, line 2, byte")]
    [InlineData("text", "dev.csv", "sentence,label\n\"a\n\nb\",1\nc,d,2\n", "row 3: 3 fields, but 2 columns (sentence, label)")]
    [InlineData("text", "dev.csv", "sentence,label\n\"a\"b,1\n", "misplaced quote")]
    [InlineData("text", "dev.parquet", "PAR1 is not all", "is not a readable parquet file")]
    [InlineData("trec", "dev.label", "word\n", "line 1: expected a label, a space or tab, and a text, not 'word'")]
    [InlineData("wsc", "val.jsonl", "{\"text\": \"One two\", \"target\": {\"span1_text\": \"One\", \"span2_text\": \"it\", \"span2_index\": 1}, " +
        "\"label\": true}", "word 1 is not the pronoun 'it'")]
    [InlineData("webquestions", "dev.jsonl", "{\"question\": \"a\", \"answer\": []}", "there is no answer")]
    [InlineData("webquestions", "dev.jsonl", "{\"question\": \"a\", \"answer\": \"Paris\"}", "expected a JSON value, not 'Paris'")]
    [InlineData("multirc", "val.jsonl", "{\"question\": \"a\", \"answer\": \"b\", \"label\": 1}", "column 'idx': the column is missing")]
    [InlineData("boolq", "val.jsonl", "[1]\n", "item 1: expected an object")]
    [InlineData("boolq", "val.jsonl", "{\"question\": \"a\", \"passage\": \"b\", \"label\": null}\n",
        "The labels of task 'boolq' are false, 0, False, true, 1, True. The value is 'null'")]
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
        Assert.Contains("no dev or val or validation (.tsv, .jsonl, .json, .csv, .txt or .parquet)", error.Message);
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
        Assert.Contains("no complete Train set", Assert.Single(notices));

        _folder.Write("train.jsonl", """{"question": "c", "passage": "d", "label": true}""");
        Assert.Equal("boolq question: c passage: d", Assert.Single(task.Load(_folder.Path, Split.Train, notices.Add)).Input);
        Assert.Single(notices);
    }

    [Fact]
    public void Text_that_is_no_utf_8_is_windows_1252_and_quotes_are_ordinary_in_tables()
    {
        File.WriteAllBytes(Path.Combine(_folder.Path, "dev.tsv"), [.. "sentence\tlabel\r\n\"caf"u8, 0xE9, 0x92, .. "s\t1\r\n"u8]);
        Assert.Equal("sentiment: \"caf\u00E9\u2019s", Assert.Single(TaskCatalog.Find("sentences").Load(_folder.Path, Split.Validation)).Input);
    }

    [Fact]
    public void Malformed_lines_are_left_out_with_a_notice_only_where_the_original_has_them()
    {
        _folder.Write("train.tsv", "question1\tquestion2\tis_duplicate\na\tb\t0\nbroken\nc\td\t1\n");
        List<string> notices = [];
        Assert.Equal(["not_duplicate", "duplicate"], TaskCatalog.Find("qqp").Load(_folder.Path, Split.Train, notices.Add).Select(row => row.Target));
        Assert.Contains("Left out malformed lines: 1.", Assert.Single(notices));
        Assert.Contains("train.tsv, line 3: 1 fields", notices[0]);
    }

    [Fact]
    public void The_shards_of_a_set_are_read_in_order()
    {
        _folder.Write("one_tydiqa_dev.json", Squad("one-1"));
        _folder.Write("another_tydiqa_dev.json", Squad("another-1"));
        var examples = TaskCatalog.Find("tydiqa").Load(_folder.Path, Split.Validation).Cast<AnswerExample>();
        Assert.Equal(["another", "one"], examples.Select(example => example.Language));

        static string Squad(string id) =>
            $$$"""{"data": [{"paragraphs": [{"context": "c", "qas": [{"id": "{{{id}}}", "question": "q", "answers": [{"text": "a"}]}]}]}]}""";
    }

    [Fact]
    public void Both_files_of_a_set_without_splits_are_needed()
    {
        _folder.Write("custrev.pos", "good\n");
        var error = Assert.Throws<FileNotFoundException>(() => TaskCatalog.Find("cr").Load(_folder.Path, Split.Train));
        Assert.Contains("no custrev.pos and custrev.neg", error.Message);
    }

    [Fact]
    public void Repeats_contradictions_and_test_rows_are_left_out_of_training()
    {
        _folder.Write("train_5500.label", "LOC:city where ?\nLOC:city where ?\nNUM:date when ?\nHUM:ind when ?\nDESC:def what ?\nDESC:def how ?\n");
        _folder.Write("TREC_10.label", "DESC:def what ?\n");
        List<string> notices = [];
        var trec = TaskCatalog.Find("trec");
        Assert.Equal(["trec question: where ?", "trec question: how ?"], trec.Load(_folder.Path, Split.Train, notices.Add)
            .Select(example => example.Input));
        Assert.Contains("Left out 4 of 6 rows", Assert.Single(notices));
        Assert.True(trec.HasTest(_folder.Path));
        Assert.Single(trec.Load(_folder.Path, Split.Test));
    }

    [Fact]
    public void Rows_held_out_are_a_tenth_each_and_no_row_is_in_two_splits()
    {
        _folder.Write("custrev.pos", string.Concat(Enumerable.Range(0, 60).Select(i => $"good {i}\n")));
        _folder.Write("custrev.neg", string.Concat(Enumerable.Range(0, 40).Select(i => $"bad {i}\n")));
        var task = TaskCatalog.Find("cr");
        var splits = Enum.GetValues<Split>().Select(split => task.Load(_folder.Path, split)).ToList();
        Assert.Equal([80, 10, 10], splits.Select(split => split.Count));
        Assert.Equal(100, splits.SelectMany(split => split).Select(example => example.Input).Distinct().Count());
        Assert.Equal(2, splits[1].Select(example => example.Target).Distinct().Count()); // shuffled
        Assert.Equal(splits[1], task.Load(_folder.Path, Split.Validation));
    }

    [Fact]
    public void The_published_split_of_a_whole_set_is_kept()
    {
        _folder.Write("WebQuestions-train.txt",
            string.Concat(Enumerable.Range(0, 3778).Select(i => $"{{\"question\": \"q{i}\", \"answer\": [\"a\"]}}\n")));
        var task = TaskCatalog.Find("webquestions");
        Assert.Equal("wq question: q3416", task.Load(_folder.Path, Split.Train)[^1].Input);
        Assert.Equal("wq question: q3417", task.Load(_folder.Path, Split.Validation)[0].Input);
        Assert.False(task.HasTest(_folder.Path));
        Assert.Throws<FileNotFoundException>(() => task.Load(_folder.Path, Split.Test));
    }
}
