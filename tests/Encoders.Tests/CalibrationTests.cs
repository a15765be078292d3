using SamSharp.Samples.Encoders.Evaluation;
using SamSharp.Samples.Encoders.Tokenization;
using SamSharp.Samples.T5.Tasks;

namespace SamSharp.Samples.Encoders.Tests;

public class CalibrationTests
{
    [Fact]
    public void The_error_is_how_far_confidence_is_from_accuracy()
    {
        // Two rows near 0.9, one of them right; two near 0.6, both right.
        Assert.Equal((2 * 0.4 + 2 * 0.4) / 4, Calibration.ExpectedError([0.9, 0.9, 0.6, 0.6], [true, false, true, true]), 12);
        Assert.Equal(0, Calibration.ExpectedError([1, 1], [true, true]), 12);
    }

    [Fact]
    public void Brier_s_score_is_a_squared_distance()
    {
        Assert.Equal(0.04 + 0.01 + 0.01, Calibration.Brier([0.8, 0.1, 0.1], 0), 12);
        Assert.Equal(2, Calibration.Brier([1, 0], 1), 12);
    }

    [Fact]
    public void Labels_are_the_targets_of_texts_and_pairs()
    {
        TaskExample[] rows = [new("x", "b") { Texts = ["t"] }, new("y", "a") { Texts = ["t"] }, new("z", "b") { Texts = ["t"] }];
        Assert.Equal(["a", "b"], ClassificationRows.Labels("one", rows));
        Assert.Contains("'two'", Assert.Throws<ArgumentException>(() => ClassificationRows.Labels("two", [new("x", "a"), new("y", "b")])).Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => ClassificationRows.Labels("three", rows[..1]));
    }
}
