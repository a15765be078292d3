using SamSharp.Samples.T5.Pretraining;
using SamSharp.Samples.T5.Tokenization;

namespace SamSharp.Samples.T5.Tests.Pretraining;

public class SpanCorruptionTests
{
    private static readonly T5Tokenizer Tokenizer = T5Tokenizer.Load(Sentences.Vocabulary);

    [Theory]
    // T5's own sizes (inputs of 512 ids come of 568, with targets of 114), the sample's, and the smallest.
    [InlineData(568, 85, 28)]
    [InlineData(141, 21, 7)]
    [InlineData(2, 1, 1)]
    public void Ids_and_spans_are_counted_as_T5_counts_them(int length, int ids, int spans)
        => Assert.Equal((ids, spans), new SpanCorruption().Count(length));

    [Theory]
    [InlineData(512, 568, 114)]
    [InlineData(128, 141, 29)]
    public void The_longest_segment_fills_the_input(int inputLength, int segment, int target)
    {
        var corruption = new SpanCorruption();
        Assert.Equal(segment, corruption.SegmentLength(inputLength));
        Assert.Equal((inputLength, target), corruption.Lengths(segment));
    }

    [Theory]
    [InlineData(0.15, 3, 141)]
    [InlineData(0.15, 3, 568)]
    [InlineData(0.5, 10, 200)]
    [InlineData(0.9, 3, 7)]
    public void A_mask_has_the_density_and_the_mean_length_that_are_asked_for(double density, double mean, int length)
    {
        var corruption = new SpanCorruption(density, mean);
        var random = new Random(1);
        for (var draw = 0; draw < 100; draw++)
        {
            var spans = corruption.Draw(length, random);
            var ids = spans.Sum(span => span.End.Value - span.Start.Value);
            Assert.InRange(ids, Math.Max(1, (length * density) - 0.5), (length * density) + 0.5);
            Assert.Equal(Math.Clamp(Math.Round(ids / mean), 1, length - ids), spans.Count);
            // Text first, a span last, and text between two spans.
            Assert.True(spans[0].Start.Value > 0);
            Assert.Equal(length, spans[^1].End.Value);
            Assert.All(spans, span => Assert.True(span.Start.Value < span.End.Value));
            Assert.All(spans.Zip(spans.Skip(1)), pair => Assert.True(pair.First.End.Value < pair.Second.Start.Value));
        }
    }

    [Fact]
    public void Spans_are_of_all_lengths_and_every_place_but_the_ends_is_replaced_equally_often()
    {
        const int length = 141, draws = 20_000;
        var corruption = new SpanCorruption();
        var random = new Random(1);
        var replaced = new int[length];
        var lengths = new int[length];
        for (var draw = 0; draw < draws; draw++)
        {
            foreach (var span in corruption.Draw(length, random))
            {
                lengths[span.End.Value - span.Start.Value]++;
                for (var i = span.Start.Value; i < span.End.Value; i++)
                    replaced[i]++;
            }
        }
        Assert.Equal(0, replaced[0]);
        Assert.Equal(draws, replaced[^1]);
        Assert.All(replaced[30..110], count => Assert.InRange(count / (double)draws, 0.13, 0.17));
        // 21 ids in 7 spans, all ways equally likely: a span is of one id in C(19, 5) of C(20, 6) ways, of two in C(18, 5).
        Assert.Equal(6 / 20.0, lengths[1] / (7.0 * draws), 0.01);
        Assert.Equal(6 * 14 / (20.0 * 19), lengths[2] / (7.0 * draws), 0.01);
    }

    [Fact]
    public void A_random_roll_replaces_every_place_equally_often_and_cuts_a_span_in_two_at_most()
    {
        const int length = 24, draws = 20_000;
        var corruption = new SpanCorruption(RandomRoll: true);
        var random = new Random(1);
        var replaced = new int[length];
        var cut = 0;
        for (var draw = 0; draw < draws; draw++)
        {
            // A segment of 24 ids has one span of 4.
            var spans = corruption.Draw(length, random);
            Assert.Equal(4, spans.Sum(span => span.End.Value - span.Start.Value));
            foreach (var i in spans.SelectMany(span => Enumerable.Range(span.Start.Value, span.End.Value - span.Start.Value)))
                replaced[i]++;
            if (spans.Count == 1)
                continue;
            Assert.Equal((2, 0, length), (spans.Count, spans[0].Start.Value, spans[1].End.Value));
            cut++;
        }
        Assert.All(replaced, count => Assert.Equal(4.0 / length, count / (double)draws, 0.012));
        Assert.Equal(3.0 / length, cut / (double)draws, 0.01);
    }

    [Theory]
    [InlineData(2, false)]
    [InlineData(3, false)]
    [InlineData(141, false)]
    [InlineData(2, true)]
    [InlineData(24, true)]
    [InlineData(141, true)]
    public void Input_and_target_together_are_the_text(int length, bool roll)
    {
        int[] segment = [.. Enumerable.Range(0, length).Select(i => 3 + (i % 500))];
        var corruption = new SpanCorruption(RandomRoll: roll);
        var longest = 0;
        for (var seed = 0; seed < 50; seed++)
        {
            var row = corruption.Apply(segment, Tokenizer, new Random(seed));
            Assert.InRange(corruption.Lengths(length).Input - row.Source.Length, 0, roll ? 1 : 0);
            Assert.InRange(corruption.Lengths(length).Target - row.Target.Length, 0, roll ? 1 : 0);
            longest = Math.Max(longest, row.Source.Length);
            Assert.Equal(segment, Restore(row.Source, row.Target));
        }
        // One id cannot be cut in two.
        Assert.Equal(corruption.Lengths(length).Input - (roll && length == 2 ? 1 : 0), longest);
    }

    [Fact]
    public void Sentinels_count_down_from_the_end_of_the_vocabulary_in_input_and_target_alike()
    {
        var row = new SpanCorruption().Apply(Enumerable.Repeat(7, 141).ToArray(), Tokenizer, new Random(1));
        var expected = Enumerable.Range(0, 7).Select(number => Tokenizer.VocabularySize - 1 - number);
        Assert.Equal(expected, row.Source.Where(IsSentinel));
        Assert.Equal(expected, row.Target.Where(IsSentinel));
        Assert.Equal("<extra_id_0>", Tokenizer.Decode([row.Target[0]], showSentinels: true));
    }

    [Theory]
    [InlineData(0, 3, "noise density")]
    [InlineData(1, 3, "noise density")]
    [InlineData(double.NaN, 3, "noise density")]
    [InlineData(0.15, 0.5, "span length")]
    [InlineData(0.15, double.NaN, "span length")]
    public void Values_out_of_range_are_refused_by_name(double density, double mean, string named)
        => Assert.Contains(named, Assert.Throws<ArgumentException>(() => new SpanCorruption(density, mean).Validate()).Message,
            StringComparison.Ordinal);

    [Fact]
    public void More_spans_than_sentinels_and_inputs_too_short_for_one_are_refused()
    {
        Assert.Contains("sentinels", Assert.Throws<ArgumentException>(() => new SpanCorruption().SegmentLength(2000)).Message,
            StringComparison.Ordinal);
        Assert.Contains("at least 4", Assert.Throws<ArgumentException>(() => new SpanCorruption().SegmentLength(3)).Message,
            StringComparison.Ordinal);
    }

    private static bool IsSentinel(int id) => id >= Tokenizer.VocabularySize - T5Tokenizer.SentinelCount;

    /// <summary>Puts what follows each sentinel in the target in that sentinel's place in the input.</summary>
    private static int[] Restore(int[] source, int[] target)
    {
        Assert.Equal(Tokenizer.EosId, source[^1]);
        Assert.Equal(Tokenizer.EosId, target[^1]);
        return [.. source[..^1].SelectMany(id => IsSentinel(id)
            ? target[(Array.IndexOf(target, id) + 1)..^1].TakeWhile(next => !IsSentinel(next))
            : [id])];
    }
}
