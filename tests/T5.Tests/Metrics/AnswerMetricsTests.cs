using SamSharp.Samples.T5.Metrics;

namespace SamSharp.Samples.T5.Tests.Metrics;

public class AnswerMetricsTests
{
    // Rules of the official evaluate-v1.1.py of SQuAD and triviaqa_evaluation.py, applied by hand.
    [Theory]
    [InlineData("The  Cat's a-la-carte, An apple!", "cats alacarte apple", "cat s la carte apple")]
    [InlineData("Rock ’n’ Roll_1", "rock ’n’ roll1", "rock n roll 1")]
    [InlineData("Theatre and Ant", "theatre and ant", "theatre and ant")]
    [InlineData("the", "", "")]
    public void Texts_are_normalized_as_officially(string text, string squad, string triviaQa)
    {
        Assert.Equal(squad, AnswerText.Squad(text));
        Assert.Equal(triviaQa, AnswerText.TriviaQa(text));
    }

    [Theory] // 2 common / (words + words)
    [InlineData("a b c", "b c d", 2.0 * 2 / 6)]
    [InlineData("x x y", "x z", 2.0 * 1 / 5)]
    [InlineData("x x", "x x", 1)]
    [InlineData("x", "y", 0)]
    [InlineData("", "", 0)]
    public void F1_counts_common_words(string prediction, string answer, double f1) =>
        Assert.Equal(f1, AnswerMetrics.F1(prediction, answer), 12);

    [Fact]
    public void The_best_of_the_right_answers_counts()
    {
        var scores = AnswerMetrics.Score(["new york", "rome"], [["New York City", "New York"], ["the city of Rome"]], AnswerText.Squad);
        Assert.Equal(0.5, scores["exact_match"], 12);
        Assert.Equal((1 + 2.0 * 1 / (1 + 3)) / 2, scores["f1"], 12);
    }
}
