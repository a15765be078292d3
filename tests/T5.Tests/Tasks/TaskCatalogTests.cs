using SamSharp.Samples.T5.Data;
using SamSharp.Samples.T5.Tasks;
using SamSharp.Tests.Needs;

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
            "wic sentence1: A. sentence2: B. word: class", "False"
        },
        {
            "superglue-rte", "val.jsonl", """{"premise": "P.", "hypothesis": "H.", "label": "not_entailment", "idx": 0}""",
            "rte hypothesis: H. premise: P.", "not_entailment"
        },
        {
            "qqp", "dev.tsv", "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n1\t2\t3\tWhy?\tHow come?\t1\n4\t5\tbroken\n",
            "qqp question1: Why? question2: How come?", "duplicate"
        },
        {
            "mnli", "dev_matched.tsv", "index\tgenre\tsentence1\tsentence2\tlabel1\tgold_label\n0\tfiction\tP.\tH.\tneutral\tcontradiction\n",
            "mnli hypothesis: H. premise: P.", "contradiction"
        },
        {
            "mnli-mismatched", "dev_mismatched.tsv", "index\tsentence1\tsentence2\tgold_label\n0\tP.\tH.\tneutral\n",
            "mnli hypothesis: H. premise: P.", "neutral"
        },
        {
            "qnli", "dev.tsv", "index\tquestion\tsentence\tlabel\n0\tWho?\tHe did.\tentailment\n",
            "qnli question: Who? sentence: He did.", "entailment"
        },
        {
            "multirc", "val.jsonl",
            """{"idx": 7, "passage": {"text": "<b>Sent 1: </b>He sang.<br>He left.", "questions": [""" +
            """{"question": "Who?", "idx": 2, "answers": [{"text": "He", "idx": 0, "label": 1}]}]}}""",
            "multirc question: Who? answer: He paragraph: Sent 1: He sang. He left.", "True"
        },
        {
            "record", "val.jsonl",
            """{"passage": {"text": "Ann met Bob.\n@highlight\nAnn won\n@highlight\nBob lost", "entities": [""" +
            """{"start": 8, "end": 10}, {"start": 0, "end": 2}, {"start": 24, "end": 26}]}, "qas": [""" +
            """{"query": "@placeholder lost", "answers": [{"start": 8, "end": 10, "text": "Bob"}], "idx": 0}], "idx": 0}""",
            "record query: @placeholder lost entities: Ann, Bob passage: Ann met Bob. Ann won. Bob lost", "Bob"
        },
        {
            "wsc", "val.jsonl",
            """{"text": "Mitchell asked Tom if he could lend some money.", "target": """ +
            """{"span1_index": 2, "span1_text": "Tom", "span2_index": 4, "span2_text": "he"}, "idx": 0, "label": true}""",
            "wsc: Mitchell asked Tom if *he* could lend some money.", "Tom"
        },
        { "webquestions", "WebQuestions-dev.txt", """{"answer": ["Paris", "Lyon"], "question": "where?"}""", "wq question: where?", "Paris" },
        { "naturalquestions", "NQ-open.dev.jsonl", """{"question": "who?", "answer": ["Ann"]}""", "nq question: who?", "Ann" },
        {
            "triviaqa", "unfiltered-web-dev.json",
            """{"Data": [{"Question": "Who?", "Answer": {"Value": "Ann", "Aliases": ["Annie", "Ann"]}}], "Version": 1.0}""",
            "trivia_qa question: Who?", "Ann"
        },
        {
            "tydiqa", "tydiqa-goldp-v1.1-dev.json",
            """{"data": [{"title": "T", "paragraphs": [{"context": "Won in 1,882  (François_X).", "qas": [""" +
            """{"id": "english-1-0", "question": "When?", "answers": [{"text": "1,882", "answer_start": 7}]}]}]}]}""",
            "question: When ? context: Won in 1 , 882 ( François_X ) .", "1 , 882"
        },
        {
            "tydiqa-english", "validation.jsonl",
            """{"id": "english-1-0", "question": "Why? ", "context": "So.", "answers": {"text": ["So"], "answer_start": [0]}}""",
            "question: Why ? context: So .", "So"
        },
        { "trec", "dev.label", "DESC:manner How did it develop ?\n", "trec question: How did it develop ?", "description" },
        { "trec-fine", "dev.label", "DESC:manner How did it develop ?\n", "trec fine question: How did it develop ?", "DESC:manner" },
        { "agnews", "dev.csv", "\"4\",\"Ink, \"\"dry\"\"\",\"It\\is  #39;new #39; &lt;b&gt;now&lt;/b&gt; &amp; AT&T\"\n",
            "news title: Ink, \"dry\" text: It is 'new ' now & AT&T", "Technology" },
        { "imdb", "dev.tsv", "sentence\tlabel\nWell.<br />Bad.\t0\n", "review sentiment: Well. Bad.", "negative" },
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public void Each_task_has_T5s_own_input_and_target(string task, string file, string content, string input, string target)
    {
        _folder.Write(file, content);
        var example = Assert.Single(TaskCatalog.Find(task).Load(_folder.Path, Split.Validation));
        Assert.Equal((input, target), (example.Input, example.Target));
    }

    /// <summary>Sets without a split: task, the two files, and the input and target of each row.</summary>
    public static TheoryData<string, string[], string[]> UnsplitForms => new()
    {
        { "subj", ["subj.subjective", "subj.objective"], ["subj sentence: one .=subjective", "subj sentence: two .=objective"] },
        { "cr", ["custrev.pos", "custrev.neg"], ["review sentiment: one .=positive", "review sentiment: two .=negative"] },
        { "mr", ["rt-polarity.pos", "rt-polarity.neg"], ["review sentiment: one .=positive", "review sentiment: two .=negative"] },
    };

    [Theory]
    [MemberData(nameof(UnsplitForms))]
    public void A_set_of_a_file_for_each_label_is_read_whole(string task, string[] files, string[] expected)
    {
        _folder.Write(files[0], "one . \r\n\n");
        _folder.Write(files[1], "   \ntwo . \n");
        var examples = TaskCatalog.Find(task).Load(_folder.Path, Split.Train);
        Assert.Equal(expected.Order(), examples.Select(example => $"{example.Input}={example.Target}").Order());
    }

    [Fact]
    public void Messages_lose_their_control_characters()
    {
        _folder.Write("SMSSpamCollection", "ham\tI\u0092m  here\nspam\tWIN now\n");
        var examples = TaskCatalog.Find("sms").Load(_folder.Path, Split.Train);
        Assert.Equal(["sms: Im here=ham", "sms: WIN now=spam"], examples.Select(example => $"{example.Input}={example.Target}").Order());
    }

    [Fact]
    public void Every_task_has_a_form_above() =>
        Assert.Equal(
            TaskCatalog.All.Select(task => task.Name).Order(),
            Forms.Select(row => (string)row[0]).Concat(UnsplitForms.Select(row => (string)row[0])).Append("sms").Distinct().Order());

    [Fact]
    public void A_task_of_ones_own_has_its_own_prompt_and_words()
    {
        _folder.Write("dev.csv", "title,body,topic\n#,,s\n\"Rain, again\",Wet.,w\n");
        var task = TaskCatalog.Text("topic: {title} / {body}", [("w", "weather"), ("s", "sport")], "topic");
        Assert.Equal([new TaskExample("topic: # / ", "sport"), new TaskExample("topic: Rain, again / Wet.", "weather")],
            task.Load(_folder.Path, Split.Validation));
    }

    [Fact]
    public void An_unknown_task_is_refused_with_the_known_ones()
    {
        var message = Assert.Throws<ArgumentException>(() => TaskCatalog.Find("sst3")).Message;
        Assert.Contains("'sst3'", message);
        Assert.Contains("cola, sst2, mrpc, stsb", message);
    }

    [Fact]
    public void Names_are_found_in_any_case() => Assert.Equal("sst2", TaskCatalog.Find("SST2").Name);

    /// <summary>Rows of the real files; the counts are those of the data sets' own descriptions.</summary>
    [TheoryThatNeeds(What = Need.Data)]
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
    [InlineData("superglue-rte", Split.Train, 2490, "entailment", 1249)]
    [InlineData("superglue-rte", Split.Validation, 277, "entailment", 146)]
    [InlineData("multirc", Split.Train, 27243, "True", 12025)]
    [InlineData("multirc", Split.Validation, 4848, "True", 2075)]
    [InlineData("record", Split.Train, 44, "West Brom", 1)] // the answers to 32 queries
    [InlineData("record", Split.Validation, 32, "World Cup", 1)]
    [InlineData("wsc", Split.Train, 259, "Bill", 9)] // those that corefer
    [InlineData("wsc", Split.Validation, 104, "Larry", 4)]
    [InlineData("webquestions", Split.Train, 3417, "Paris", 3)]
    [InlineData("webquestions", Split.Validation, 361, "Paris", 1)]
    [InlineData("webquestions", Split.Test, 2032, "Paris", 0)]
    [InlineData("naturalquestions", Split.Validation, 3610, "Paris", 3)]
    [InlineData("naturalquestions", Split.Test, 1769, "Paris", 1)]
    [InlineData("triviaqa", Split.Validation, 1000, "Mark Twain", 2)]
    [InlineData("tydiqa", Split.Train, 6451, "1960", 36)] // English 3,696 and Swahili 2,755
    [InlineData("tydiqa", Split.Validation, 5077, "1960", 7)]
    [InlineData("tydiqa-english", Split.Train, 3696, "1960", 2)]
    [InlineData("tydiqa-english", Split.Validation, 440, "1960", 1)]
    [InlineData("trec", Split.Train, 4834, "number", 763)] // without repeats, test questions and the last tenth
    [InlineData("trec", Split.Test, 500, "number", 113)]
    [InlineData("trec-fine", Split.Test, 500, "NUM:count", 9)]
    [InlineData("agnews", Split.Test, 7600, "World", 1900)]
    [InlineData("subj", Split.Train, 8000, "subjective", 4024)] // here and below of a fixed shuffle
    [InlineData("cr", Split.Train, 3013, "negative", 1119)] // of 3,775 lines 3,765 are distinct texts with one label
    [InlineData("mr", Split.Train, 8530, "negative", 4266)]
    [InlineData("sms", Split.Train, 4128, "spam", 513)]
    [InlineData("imdb", Split.Test, 2000, "positive", 1000)]
    public void The_real_files_have_all_their_rows(string task, Split split, int rows, string target, int withTarget)
    {
        var examples = TaskCatalog.Find(task).Load(SharedData.Path(), split);
        Assert.Equal(rows, examples.Count);
        Assert.Equal(withTarget, examples.Count(example => example.Target == target));
    }

    [FactThatNeeds(What = Need.Data)]
    public void BoolQ_without_its_training_set_takes_the_sample_and_says_so()
    {
        List<string> notices = [];
        var examples = TaskCatalog.Find("boolq").Load(SharedData.Path("superglue", "BoolQ"), Split.Train, notices.Add);
        Skip.If(examples.Count > 32, "the whole training set is there");
        Assert.Equal(32, examples.Count);
        Assert.Contains("train32.jsonl", Assert.Single(notices));
    }
}
