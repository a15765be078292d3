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
    public void Each_task_has_its_benchmarks_scores_the_main_one_first(string task, params string[] scores)
    {
        var target = task == "stsb" ? "1.0" : "entailment";
        Assert.Equal(scores, Evaluate(task, [target], [target]).Keys);
        Assert.Equal(scores[0], TaskCatalog.Find(task).MainMetric);
    }

    [Fact]
    public void Matthews_of_CoLA_is_of_its_two_words() // tp 1, fp 1, fn 0, tn 1
    {
        var scores = Evaluate("cola", ["acceptable", "acceptable", "unacceptable"], ["acceptable", "unacceptable", "unacceptable"]);
        Assert.Equal(1 / Math.Sqrt(2 * 1 * 2 * 1), scores["matthews"], 12);
    }

    [Fact]
    public void F1_of_MRPC_is_that_of_equivalent() // tp 1, fp 1, fn 0
    {
        var scores = Evaluate("mrpc", ["equivalent", "equivalent", "x"], ["equivalent", "not_equivalent", "not_equivalent"]);
        Assert.Equal(2.0 / 3, scores["f1"], 12);
    }

    [Fact]
    public void Macro_F1_of_CB_is_over_its_three_words() // entailment 1, contradiction 2/3, neutral 0
    {
        var scores = Evaluate("cb", ["entailment", "contradiction", "contradiction"], ["entailment", "contradiction", "neutral"]);
        Assert.Equal(5.0 / 9, scores["f1_macro"], 12);
    }

    [Fact]
    public void A_similarity_that_is_no_number_counts_as_minus_1() // 5, -1, 3 against 5, 0, 3
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
