using SamSharp.Samples.T5.Pretraining;

namespace SamSharp.Samples.T5.Tests.Pretraining;

public class TextSegmentsTests
{
    [Theory]
    [InlineData(2, 141)]
    [InlineData(141, 141)]
    [InlineData(142, 141)]
    [InlineData(1000, 141)]
    [InlineData(7, 3)]
    public void Nothing_is_lost_and_no_segment_is_a_stump(int length, int longest)
    {
        int[] ids = [.. Enumerable.Range(0, length)];
        var segments = TextSegments.Cut(ids, longest).ToList();
        Assert.Equal(ids, segments.SelectMany(segment => segment.ToArray()));
        Assert.Equal((length + longest - 1) / longest, segments.Count);
        Assert.InRange(segments.Max(segment => segment.Length), 2, longest);
        Assert.InRange(segments.Min(segment => segment.Length), segments.Max(segment => segment.Length) - 1, longest);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_text_too_short_to_corrupt_has_no_segment(int length) => Assert.Empty(TextSegments.Cut(new int[length], 141));
}
