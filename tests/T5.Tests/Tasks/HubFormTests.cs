using Parquet.Serialization;
using SamSharp.Samples.T5.Data;
using SamSharp.Samples.T5.Tasks;

namespace SamSharp.Samples.T5.Tests.Tasks;

/// <summary>The data sets as the Hugging Face hub keeps them: parquet, labels as numbers, lists and structures as columns.</summary>
public sealed class HubFormTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("sst2", 1, "sst2 sentence: S", "positive")]
    [InlineData("cola", 0, "cola sentence: S", "unacceptable")]
    [InlineData("mrpc", 1, "mrpc sentence1: A sentence2: B", "equivalent")]
    [InlineData("rte", 1, "rte sentence1: A sentence2: B", "not_entailment")]
    [InlineData("wnli", 1, "wnli sentence1: A sentence2: B", "entailment")]
    [InlineData("mnli", 2, "mnli hypothesis: H premise: P", "contradiction")]
    [InlineData("mnli-mismatched", 1, "mnli hypothesis: H premise: P", "neutral")]
    [InlineData("qnli", 0, "qnli question: Q sentence: S", "entailment")]
    [InlineData("qqp", 1, "qqp question1: Q1 question2: Q2", "duplicate")]
    [InlineData("boolq", 1, "boolq question: Q passage: T", "True")]
    [InlineData("cb", 2, "cb hypothesis: H premise: P", "neutral")]
    [InlineData("superglue-rte", 0, "rte hypothesis: H premise: P", "entailment")]
    [InlineData("imdb", 1, "review sentiment: S", "positive")]
    public async Task Numbers_are_labels(string task, long label, string input, string target)
    {
        var part = task switch { "mnli" => "validation_matched", "mnli-mismatched" => "validation_mismatched", _ => "validation" };
        await Write($"{part}-00000-of-00001.parquet", new Sentences { label = label });
        Assert.Equal([new TaskExample(input, target)], TaskCatalog.Find(task).Load(_folder.Path, Split.Validation));
    }

    [Fact]
    public async Task A_similarity_is_a_number_with_a_fraction()
    {
        await Write("validation.parquet", new Similarity { label = 3.8f });
        Assert.Equal([new TaskExample("stsb sentence1: A sentence2: B", "3.8")], TaskCatalog.Find("stsb").Load(_folder.Path, Split.Validation));
    }

    [Fact]
    public async Task Shards_are_read_in_order()
    {
        foreach (var (shard, label) in new[] { (1, 1L), (0, 0L) })
            await Write($"sst2/train-0000{shard}-of-00002.parquet", new Sentences { label = label });
        Assert.Equal(["negative", "positive"], TaskCatalog.Find("sst2").Load(_folder.Path, Split.Train).Select(example => example.Target));
    }

    [Fact]
    public async Task MultiRC_has_a_row_for_each_answer()
    {
        await Write("validation.parquet", new MultiRc { label = 1, idx = new() { paragraph = 4, question = 5 } },
            new MultiRc { idx = new() { paragraph = 4, question = 6 } });
        var examples = TaskCatalog.Find("multirc").Load(_folder.Path, Split.Validation).Cast<ChoiceExample>().ToList();
        Assert.Equal(["4/5", "4/6"], examples.Select(example => example.Question));
        Assert.Equal(("multirc question: Q answer: A paragraph: P", "True"), (examples[0].Input, examples[0].Target));
        Assert.Equal("False", examples[1].Target);
    }

    [Fact]
    public async Task ReCoRD_has_lists_of_entities_and_answers()
    {
        await Write("train.parquet", new Record { entities = ["Bob", "Ann"], answers = ["Bob", "Ann"] });
        var examples = TaskCatalog.Find("record").Load(_folder.Path, Split.Train);
        Assert.Equal(["Ann", "Bob"], examples.Select(example => example.Target));
        Assert.Equal("record query: Q entities: Ann, Bob passage: P", examples[0].Input);
    }

    [Fact]
    public async Task WSC_has_its_spans_as_columns()
    {
        await Write("validation.parquet", new Wsc { label = 1 }, new Wsc());
        var examples = TaskCatalog.Find("wsc").Load(_folder.Path, Split.Validation).Cast<ReferentExample>().ToList();
        Assert.Equal(new ReferentExample("wsc: Ann knew that *she* won", "Ann", true), examples[0]);
        Assert.False(examples[1].Corefers);
    }

    [Fact]
    public async Task Open_questions_have_a_list_of_answers()
    {
        await Write("validation.parquet", new Question { answer = ["a", "b \"c\""] });
        var example = Assert.IsType<AnswerExample>(Assert.Single(TaskCatalog.Find("naturalquestions").Load(_folder.Path, Split.Validation)));
        Assert.Equal(("nq question: Q", "a"), (example.Input, example.Target));
        Assert.Equal(["a", "b \"c\""], example.Answers);
    }

    [Fact]
    public async Task Lists_and_structures_are_JSON_and_an_empty_list_is_one()
    {
        var path = await Write("rows.parquet", new Trivia { answer = new() { value = "v", aliases = ["w\""] } }, new Trivia { question = null! });
        var rows = ParquetFile.Read(path).ToList();
        Assert.Equal("""{"aliases":["w\u0022"],"value":"v"}""", rows[0]["answer"]);
        Assert.Equal("null", rows[1]["question"]);
        path = await Write("list.parquet", new Question { answer = [] }, new Question { answer = ["a", "b"] });
        Assert.Equal(["[]", """["a","b"]"""], ParquetFile.Read(path).Select(row => row["answer"]));
    }

    [Fact]
    public async Task An_empty_list_of_answers_is_refused()
    {
        var path = await Write("validation.parquet", new Question { answer = ["a"] }, new Question { answer = [] });
        var error = Assert.Throws<FormatException>(() => TaskCatalog.Find("naturalquestions").Load(_folder.Path, Split.Validation));
        Assert.StartsWith($"{path}, row 2, column", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TriviaQA_has_value_and_aliases()
    {
        await Write("validation.parquet", new Trivia { answer = new() { value = "v", aliases = ["w", "v"] } });
        var example = Assert.IsType<AnswerExample>(Assert.Single(TaskCatalog.Find("triviaqa").Load(_folder.Path, Split.Validation)));
        Assert.Equal("v", example.Target);
        Assert.Equal(["w", "v"], example.Answers);
    }

    [Fact]
    public async Task TyDiQA_has_the_answers_texts_in_a_list()
    {
        await Write("validation.parquet", new Reading { answers = new() { text = ["an answer"], answer_start = [3] } });
        var example = Assert.IsType<AnswerExample>(Assert.Single(TaskCatalog.Find("tydiqa").Load(_folder.Path, Split.Validation)));
        Assert.Equal(("question: Q context: C", "an answer", "korean"), (example.Input, example.Target, example.Language));
    }

    private async Task<string> Write<T>(string name, params T[] rows)
    {
        var path = _folder.Write(name, "");
        await ParquetSerializer.SerializeAsync(rows, path);
        return path;
    }

#pragma warning disable IDE1006, CA1812 // the hub's own names
    private sealed class Sentences
    {
        public string sentence { get; set; } = "S";
        public string text { get; set; } = "S";
        public string sentence1 { get; set; } = "A";
        public string sentence2 { get; set; } = "B";
        public string premise { get; set; } = "P";
        public string hypothesis { get; set; } = "H";
        public string question { get; set; } = "Q";
        public string question1 { get; set; } = "Q1";
        public string question2 { get; set; } = "Q2";
        public string passage { get; set; } = "T";
        public long label { get; set; }
        public int idx { get; set; }
    }

    private sealed class Similarity
    {
        public string sentence1 { get; set; } = "A";
        public string sentence2 { get; set; } = "B";
        public float label { get; set; }
    }

    private sealed class MultiRcIndex
    {
        public int paragraph { get; set; }
        public int question { get; set; }
    }

    private sealed class MultiRc
    {
        public string paragraph { get; set; } = "P";
        public string question { get; set; } = "Q";
        public string answer { get; set; } = "A";
        public MultiRcIndex idx { get; set; } = new();
        public long label { get; set; }
    }

    private sealed class Record
    {
        public string passage { get; set; } = "P";
        public string query { get; set; } = "Q";
        public List<string> entities { get; set; } = [];
        public List<string> answers { get; set; } = [];
    }

    private sealed class Wsc
    {
        public string text { get; set; } = "Ann knew that she won";
        public int span1_index { get; set; }
        public int span2_index { get; set; } = 3;
        public string span1_text { get; set; } = "Ann";
        public string span2_text { get; set; } = "she";
        public long label { get; set; }
    }

    private sealed class Question
    {
        public string question { get; set; } = "Q";
        public List<string> answer { get; set; } = [];
    }

    private sealed class TriviaAnswer
    {
        public List<string> aliases { get; set; } = [];
        public string value { get; set; } = "";
    }

    private sealed class Trivia
    {
        public string question { get; set; } = "Q";
        public TriviaAnswer answer { get; set; } = new();
    }

    private sealed class ReadingAnswers
    {
        public List<string> text { get; set; } = [];
        public List<int> answer_start { get; set; } = [];
    }

    private sealed class Reading
    {
        public string id { get; set; } = "korean-7-0";
        public string question { get; set; } = "Q";
        public string context { get; set; } = "C";
        public ReadingAnswers answers { get; set; } = new();
    }
#pragma warning restore IDE1006, CA1812
}
