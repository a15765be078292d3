using SamSharp.Samples.T5.Metrics;

namespace SamSharp.Samples.T5.Tests.Metrics;

public class ClassificationMetricsTests
{
    private static readonly string[] Labels = ["no", "yes"];

    // 3 true positives, 1 false positive, 2 false negatives, 4 true negatives.
    private static readonly string[] Targets = ["yes", "yes", "yes", "no", "yes", "yes", "no", "no", "no", "no"];
    private static readonly string[] Predictions = ["yes", "yes", "yes", "yes", "no", "no", "no", "no", "no", "no"];

    [Fact]
    public void Accuracy_is_the_share_of_right_predictions() =>
        Assert.Equal(0.7, ClassificationMetrics.Accuracy(Predictions, Targets), 12);

    [Fact]
    public void Matthews_of_two_labels_is_the_usual_formula() => // (tp tn - fp fn) / sqrt((tp+fp)(tp+fn)(tn+fp)(tn+fn))
        Assert.Equal((3 * 4 - 1 * 2) / Math.Sqrt(4 * 5 * 5 * 6), ClassificationMetrics.Matthews(Predictions, Targets, Labels), 12);

    [Fact]
    public void Matthews_reaches_both_its_ends()
    {
        Assert.Equal(1, ClassificationMetrics.Matthews(Targets, Targets, Labels), 12);
        string[] opposite = [.. Targets.Select(target => target == "yes" ? "no" : "yes")];
        Assert.Equal(-1, ClassificationMetrics.Matthews(opposite, Targets, Labels), 12);
    }

    [Fact]
    public void Matthews_of_constant_predictions_is_0() =>
        Assert.Equal(0, ClassificationMetrics.Matthews([.. Targets.Select(_ => "yes")], Targets, Labels));

    [Fact]
    public void Matthews_of_three_labels_is_Gorodkins() // c = 3 of s = 5; p = (2, 2, 1), t = (2, 1, 2)
    {
        string[] targets = ["a", "a", "b", "c", "c"];
        string[] predictions = ["a", "b", "b", "a", "c"];
        var expected = (3 * 5 - (4 + 2 + 2)) / Math.Sqrt((25 - 9) * (25 - 9));
        Assert.Equal(expected, ClassificationMetrics.Matthews(predictions, targets, ["a", "b", "c"]), 12);
    }

    [Fact]
    public void F1_is_of_the_positive_label() =>
        Assert.Equal(2.0 * 3 / (2 * 3 + 1 + 2), ClassificationMetrics.F1(Predictions, Targets, "yes"), 12);

    [Fact]
    public void Macro_F1_is_the_mean_over_the_labels() =>
        Assert.Equal((6.0 / 9 + 8.0 / 11) / 2, ClassificationMetrics.MacroF1(Predictions, Targets, Labels), 12);

    [Fact]
    public void F1_of_a_label_that_never_occurs_is_0() =>
        Assert.Equal(0, ClassificationMetrics.F1(Predictions, Targets, "maybe"));

    [Fact]
    public void A_prediction_that_is_no_label_is_wrong_everywhere()
    {
        string[] targets = ["yes", "yes", "no", "no"];
        string[] predictions = ["yes", "", "no", "perhaps"];
        Assert.Equal(0.5, ClassificationMetrics.Accuracy(predictions, targets), 12);
        Assert.Equal(2.0 / 3, ClassificationMetrics.F1(predictions, targets, "yes"), 12);
        // c = 2 of s = 4; predicted no 1, yes 1, other 2; true 2 and 2.
        Assert.Equal((2 * 4 - 4) / Math.Sqrt((16 - 6) * (16 - 8)), ClassificationMetrics.Matthews(predictions, targets, Labels), 12);
    }

    [Fact]
    public void Lists_of_different_or_no_length_are_refused()
    {
        Assert.Contains("1 predictions for 2", Assert.Throws<ArgumentException>(() =>
            ClassificationMetrics.Accuracy(["yes"], ["yes", "no"])).Message);
        Assert.Contains("nothing to evaluate", Assert.Throws<ArgumentException>(() =>
            ClassificationMetrics.Accuracy([], [])).Message);
    }
}
