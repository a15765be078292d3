using SamSharp.Samples.T5.Tasks;

namespace SamSharp.Samples.T5.Tests.Tasks;

public sealed class TaskCatalogTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Task, file, content, and the input and target of its one row.</summary>
    public static TheoryData<string, string, string, string, string> Forms => new()
    {
        { "sentences", "dev.tsv", "sentence\tlabel\nA fine day.\t1\n", "sentiment: A fine day.", "positive" },
        { "text", "dev.tsv", "sentence\tlabel\nWhere is it?\tLOC\n", "classify: Where is it?", "LOC" },
        { "text", "val.jsonl", """{"sentence": "Where is it?", "label": 3}""", "classify: Where is it?", "3" },
        { "sst2", "dev.tsv", "sentence\tlabel\n\"bleak \t0\n", "sst2 sentence: \"bleak ", "negative" },
        { "sst2", "dev.tsv", "sentence\tlabel\ncharming\t1\n", "sst2 sentence: charming", "positive" },
        { "cola", "dev.tsv", "gj04\t1\t\tHe sang.\n", "cola sentence: He sang.", "acceptable" },
        { "cola", "dev.tsv", "gj04\t0\t*\tSang he did it", "cola sentence: Sang he did it", "unacceptable" },
        {
            "mrpc", "dev.tsv", "\uFEFFQuality\t#1 ID\t#2 ID\t#1 String\t#2 String\n1\t10\t11\tOne .\tTwo .\n",
            "mrpc sentence1: One . sentence2: Two .", "equivalent"
        },
        {
            "mrpc", "dev.tsv", "Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\n0\t10\t11\tOne .\tTwo .\n",
            "mrpc sentence1: One . sentence2: Two .", "not_equivalent"
        },
        {
            "rte", "dev.tsv", "index\tsentence1\tsentence2\tlabel\n0\tIt rains.\tIt pours.\tnot_entailment\n",
            "rte sentence1: It rains. sentence2: It pours.", "not_entailment"
        },
        {
            "rte", "dev.tsv", "index\tsentence1\tsentence2\tlabel\r\n0\tIt pours.\tIt rains.\tentailment\r\n",
            "rte sentence1: It pours. sentence2: It rains.", "entailment"
        },
        {
            "wnli", "dev.tsv", "index\tsentence1\tsentence2\tlabel\n0\tA.\tB.\t1\n",
            "wnli sentence1: A. sentence2: B.", "entailment"
        },
        {
            "stsb", "dev.tsv", "index\tsentence1\tsentence2\tscore\n0\tA {cat}.\tB.\t4.750\n",
            "stsb sentence1: A {cat}. sentence2: B.", "4.8"
        },
        { "stsb", "dev.tsv", "sentence1\tsentence2\tscore\nA.\tB.\t4\n", "stsb sentence1: A. sentence2: B.", "4.0" },
        {
            "boolq", "val.jsonl", """{"question": "is it", "passage": "It is.", "idx": 3, "label": true}""",
            "boolq question: is it passage: It is.", "True"
        },
        {
            "boolq", "val.jsonl", """{"question": "is it", "passage": "No.", "idx": 3, "label": false}""",
            "boolq question: is it passage: No.", "False"
        },
        {
            "cb", "val.jsonl", """{"premise": "P.", "hypothesis": "H", "label": "neutral", "idx": 0}""",
            "cb hypothesis: H premise: P.", "neutral"
        },
        {
            "copa", "val.jsonl", """{"premise": "P.", "choice1": "A.", "choice2": "B.", "question": "effect", "label": 1, "idx": 0}""",
            "copa choice1: A. choice2: B. premise: P. question: effect", "choice2"
        },
        {
            "wic", "val.jsonl", """{"word": "class", "sentence1": "A.", "sentence2": "B.", "idx": 0, "label": false, "version": 1.1}""",
            "wic pos: sentence1: A. sentence2: B. word: class", "False"
        },
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public void Each_task_has_T5s_own_input_and_target(string task, string file, string content, string input, string target)
    {
        _folder.Write(file, content);
        var example = Assert.Single(TaskCatalog.Find(task).Load(_folder.Path, Split.Validation));
        Assert.Equal(new TaskExample(input, target), example);
    }

    [Fact]
    public void Every_task_has_a_form_above() =>
        Assert.Equal(TaskCatalog.All.Select(task => task.Name).Order(), Forms.Select(row => (string)row[0]).Distinct().Order());

    [Fact]
    public void An_unknown_task_is_refused_with_the_known_ones()
    {
        var message = Assert.Throws<ArgumentException>(() => TaskCatalog.Find("sst3")).Message;
        Assert.Contains("'sst3'", message);
        Assert.Contains("sst2, cola, mrpc, rte", message);
    }

    [Fact]
    public void Names_are_found_in_any_case() => Assert.Equal("sst2", TaskCatalog.Find("SST2").Name);

    /// <summary>Rows of the real files; the counts are those of the data sets' own descriptions.</summary>
    [SkippableTheory]
    [InlineData("sst2", Split.Train, 67349, "positive", 37569)]
    [InlineData("sst2", Split.Validation, 872, "positive", 444)]
    [InlineData("cola", Split.Train, 8551, "acceptable", 6023)]
    [InlineData("cola", Split.Validation, 1043, "acceptable", 721)]
    [InlineData("rte", Split.Train, 2490, "entailment", 1249)]
    [InlineData("rte", Split.Validation, 277, "entailment", 146)]
    [InlineData("mrpc", Split.Train, 3668, "equivalent", 2474)]
    [InlineData("mrpc", Split.Validation, 408, "equivalent", 279)]
    [InlineData("wnli", Split.Train, 635, "entailment", 312)]
    [InlineData("wnli", Split.Validation, 71, "entailment", 31)]
    [InlineData("stsb", Split.Train, 5749, "5.0", 268)]
    [InlineData("stsb", Split.Validation, 1500, "5.0", 57)]
    [InlineData("boolq", Split.Validation, 3270, "True", 2033)]
    [InlineData("cb", Split.Train, 250, "neutral", 16)]
    [InlineData("cb", Split.Validation, 56, "neutral", 5)]
    [InlineData("copa", Split.Train, 400, "choice2", 205)]
    [InlineData("copa", Split.Validation, 100, "choice2", 45)]
    [InlineData("wic", Split.Train, 5428, "True", 2714)]
    [InlineData("wic", Split.Validation, 638, "True", 319)]
    public void The_real_files_have_all_their_rows(string task, Split split, int rows, string target, int withTarget)
    {
        var examples = TaskCatalog.Find(task).Load(SharedData.Path(), split);
        Assert.Equal(rows, examples.Count);
        Assert.Equal(withTarget, examples.Count(example => example.Target == target));
    }

    [SkippableFact]
    public void BoolQ_without_its_training_set_takes_the_sample_and_says_so()
    {
        List<string> notices = [];
        var examples = TaskCatalog.Find("boolq").Load(SharedData.Path("superglue", "BoolQ"), Split.Train, notices.Add);
        Skip.If(examples.Count > 32, "the whole training set is there");
        Assert.Equal(32, examples.Count);
        Assert.Contains("train32.jsonl", Assert.Single(notices));
    }
}
