using SamSharp.Samples.T5.Tasks;

namespace SamSharp.Samples.T5.Tests.Tasks;

public class TaskEvaluationTests
{
    [Fact]
    public void Accuracy_ignores_white_space_around_a_prediction_and_counts_other_text_as_wrong()
    {
        var scores = Evaluate("sst2", ["positive", " negative ", "positively", ""], ["positive", "negative", "positive", "negative"]);
        Assert.Equal(0.5, Assert.Single(scores).Value, 12);
    }

    [Theory]
    [InlineData("sentences", "accuracy")]
    [InlineData("text", "accuracy", "f1_macro")]
    [InlineData("cola", "matthews", "accuracy")]
    [InlineData("mrpc", "f1", "accuracy")]
    [InlineData("rte", "accuracy")]
    [InlineData("cb", "f1_macro", "accuracy")]
    [InlineData("stsb", "pearson", "spearman")]
    [InlineData("qqp", "f1", "accuracy")]
    [InlineData("mnli", "accuracy")]
    [InlineData("trec", "accuracy", "f1_macro")]
    [InlineData("sms", "f1", "accuracy")]
    public void Each_task_has_its_benchmarks_scores_the_main_one_first(string task, params string[] scores)
    {
        var target = task == "stsb" ? "1.0" : "entailment";
        Assert.Equal(scores, Evaluate(task, [target], [target]).Keys);
        Assert.Equal(scores, TaskCatalog.Find(task).Metrics);
        Assert.Equal(scores[0], TaskCatalog.Find(task).MainMetric);
    }

    [Fact]
    public void Matthews_of_CoLA_is_of_its_two_words() // tp 1, fp 1, fn 0, tn 1
    {
        var scores = Evaluate("cola", ["acceptable", "acceptable", "unacceptable"], ["acceptable", "unacceptable", "unacceptable"]);
        Assert.Equal(1 / Math.Sqrt(2 * 1 * 2 * 1), scores["matthews"], 12);
    }

    [Theory] // T5's f1_score_with_invalid: a text that is not a label counts as the wrong one
    [InlineData("x", 1, 2, 0)]
    [InlineData("not_equivalent", 1, 1, 0)]
    public void F1_of_MRPC_is_that_of_equivalent(string third, int truePositives, int falsePositives, int falseNegatives)
    {
        var scores = Evaluate("mrpc", ["equivalent", "equivalent", third], ["equivalent", "not_equivalent", "not_equivalent"]);
        Assert.Equal(2.0 * truePositives / (2 * truePositives + falsePositives + falseNegatives), scores["f1"], 12);
    }

    [Fact]
    public void MultiRC_has_F1_over_answers_and_exact_match_over_questions() // tp 2, fp 1, fn 1; of questions a, b, c only a is all right
    {
        ChoiceExample[] examples = [Choice("True", "a"), Choice("False", "a"), Choice("True", "b"), Choice("True", "b"), Choice("False", "c")];
        var scores = TaskCatalog.Find("multirc").Evaluate(["True", "False", "True", "False", "perhaps"], examples);
        Assert.Equal(4.0 / 6, scores["f1"], 12);
        Assert.Equal(1.0 / 3, scores["exact_match"], 12);

        static ChoiceExample Choice(string target, string question) => new("", target, question);
    }

    [Fact]
    public void ReCoRD_takes_the_best_of_the_right_entities() // f1 of "bombay city" and "Bombay": 2 * 1 / 3
    {
        AnswerExample[] examples = [new("", "Mumbai", ["Mumbai", "Bombay"]), new("", "the Times", ["the Times"])];
        var scores = TaskCatalog.Find("record").Evaluate(["bombay city", "Times."], examples);
        Assert.Equal((2.0 / 3 + 1) / 2, scores["f1"], 12);
        Assert.Equal(0.5, scores["exact_match"], 12);
    }

    [Fact]
    public void WSC_asks_whether_the_noun_is_the_row_s()
    {
        ReferentExample[] examples = [new("", "Tom", true), new("", "Mitchell", false), new("", "the cat", true), new("", "Ann", false)];
        var scores = TaskCatalog.Find("wsc").Evaluate(["Tom", "Tom", "dog", ""], examples);
        Assert.Equal(0.5, Assert.Single(scores).Value, 12); // the empty text is wrong, though the row's label is no
    }

    [Theory] // only TriviaQA's evaluation takes a hyphen for a space
    [InlineData("webquestions", 0.5)]
    [InlineData("triviaqa", 1)]
    public void Answers_are_compared_as_the_set_s_own_evaluation_does(string task, double exact)
    {
        AnswerExample[] examples = [new("", "x", ["The Spider-Man", "y"]), new("", "Paris", ["Paris", "Lyon"])];
        var scores = TaskCatalog.Find(task).Evaluate(["spider man", " lyon!"], examples);
        Assert.Equal(["exact_match", "f1"], scores.Keys);
        Assert.Equal(exact, scores["exact_match"], 12);
    }

    [Fact]
    public void TyDiQA_has_scores_for_each_language_too()
    {
        AnswerExample[] examples = [new("", "a b", ["a b"]) { Language = "finnish" },
            new("", "c", ["c"]) { Language = "english" }, new("", "d", ["d"]) { Language = "english" }];
        var scores = TaskCatalog.Find("tydiqa").Evaluate(["b", "c", "x"], examples);
        // "a" is an article, so "b" is the whole of the first answer.
        Assert.Equal(2.0 / 3, scores["f1"], 12);
        Assert.Equal((0.5, 1.0), (scores["f1_english"], scores["exact_match_finnish"]));
        Assert.Equal(["f1", "exact_match"], TaskCatalog.Find("tydiqa").Evaluate(["c", "x"], examples[1..]).Keys);
    }

    [Fact]
    public void Macro_F1_of_CB_is_over_its_three_words() // entailment 1, contradiction 2/3, neutral 0
    {
        var scores = Evaluate("cb", ["entailment", "contradiction", "contradiction"], ["entailment", "contradiction", "neutral"]);
        Assert.Equal(5.0 / 9, scores["f1_macro"], 12);
    }

    [Fact]
    public void A_similarity_that_is_not_a_number_counts_as_minus_1() // 5, -1, 3 against 5, 0, 3
    {
        var scores = Evaluate("stsb", ["5.0", "very", "3.0"], ["5.0", "0.0", "3.0"]);
        var (x, y) = (new[] { 8 / 3.0, -10 / 3.0, 2 / 3.0 }, new[] { 7 / 3.0, -8 / 3.0, 1 / 3.0 });
        var expected = Dot(x, y) / Math.Sqrt(Dot(x, x) * Dot(y, y));
        Assert.Equal(expected, scores["pearson"], 12);
        Assert.Equal(1, scores["spearman"], 12);

        static double Dot(double[] a, double[] b) => a.Zip(b).Sum(pair => pair.First * pair.Second);
    }

    private static IReadOnlyDictionary<string, double> Evaluate(string task, string[] predictions, string[] targets) =>
        TaskCatalog.Find(task).Evaluate(predictions, [.. targets.Select(target => new TaskExample("", target))]);
}
