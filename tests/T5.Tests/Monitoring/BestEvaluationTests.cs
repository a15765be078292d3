using SamSharp.Samples.T5.Monitoring;

namespace SamSharp.Samples.T5.Tests.Monitoring;

public class BestEvaluationTests
{
    private static readonly MetricsRecord[] Records =
    [
        Dev(10, 0.5, 2.0), new(11, "train", new Dictionary<string, double> { ["loss"] = 0 }),
        Dev(20, 0.7, 1.5), Dev(30, 0.7, 1.0), Dev(40, double.NaN, 1.2),
    ];

    [Fact]
    public void The_highest_score_and_the_lowest_loss_are_best_the_first_of_equals()
    {
        Assert.Equal(20, BestEvaluation.Of(Records, "accuracy")!.Step);
        Assert.Equal(30, BestEvaluation.Of(Records, "loss")!.Step);
        Assert.Null(BestEvaluation.Of([], "accuracy"));
    }

    [Fact]
    public void Evaluations_since_the_best_are_counted()
    {
        Assert.Equal(2, BestEvaluation.Since(Records, "accuracy"));
        Assert.Equal(1, BestEvaluation.Since(Records, "loss"));
        Assert.Equal(0, BestEvaluation.Since(Records[..1], "accuracy"));
    }

    [Fact]
    public void An_unknown_metric_is_refused_with_the_known_ones() =>
        Assert.Contains("accuracy, loss", Assert.Throws<ArgumentException>(() => BestEvaluation.Of(Records, "f1")).Message, StringComparison.Ordinal);

    private static MetricsRecord Dev(int step, double accuracy, double loss) =>
        new(step, "dev", new Dictionary<string, double> { ["accuracy"] = accuracy, ["loss"] = loss });
}
