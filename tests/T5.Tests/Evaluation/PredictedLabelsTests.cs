using SamSharp.Samples.T5.Evaluation;

namespace SamSharp.Samples.T5.Tests.Evaluation;

public class PredictedLabelsTests
{
    [Fact]
    public void A_letter_is_the_label_and_a_capital_an_error()
    {
        Assert.Equal("abZ", PredictedLabels.Write([0, 1, 25], [true, true, false]));
        Assert.Equal([1, 1, 0], PredictedLabels.Right("abZ"));
        Assert.Null(PredictedLabels.Write([0, 26], [true, true]));
    }

    [Fact]
    public void Models_agree_on_labels_whether_right_or_wrong()
    {
        Assert.Equal(0.75, PredictedLabels.Agreement("aBcA", "aBca".Replace('c', 'D')));
        Assert.Throws<ArgumentException>(() => PredictedLabels.Agreement("ab", "a"));
    }
}
