using SamSharp.Samples.T5.Metrics;

namespace SamSharp.Samples.T5.Tests.Metrics;

public class ReferentMatchTests
{
    [Theory]
    [InlineData("Tom", "Tom", true)]
    [InlineData("tom", "Mitchell", false)]
    [InlineData("the old cat", "My cat", true)]
    [InlineData("cat", "old cat", true)]
    [InlineData("old cat", "big cat", false)]
    [InlineData("Ann's coat", "Ann", false)]
    [InlineData("Ann's coat", "her coat", false)]
    [InlineData("Ann's", "Ann's coat", true)]
    [InlineData("", "cat", null)]
    [InlineData("the these", "cat", null)]
    [InlineData("cat", "the", false)]
    public void Phrases_match_without_case_and_determiners(string prediction, string referent, bool? match) =>
        Assert.Equal(match, ReferentMatch.Of(prediction, referent));
}
