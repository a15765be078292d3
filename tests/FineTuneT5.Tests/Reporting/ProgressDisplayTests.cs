using SamSharp.Samples.FineTuneT5.Reporting;

namespace SamSharp.Samples.FineTuneT5.Tests.Reporting;

public class ProgressDisplayTests
{
    [Theory]
    [InlineData("", "          ")]
    [InlineData("step 1", "step 1    ")]
    [InlineData("step 10/10", "step 10/10")]
    [InlineData("step 100/100", "step 100/…")]
    public void A_text_keeps_its_width(string text, string expected) => Assert.Equal(expected, ProgressDisplay.Fit(text, 10));
}
