using SamSharp.Samples.T5.Sampling;
using SamSharp.Samples.T5.Tokenization;

namespace SamSharp.Samples.T5.Pretraining;

/// <summary>
/// T5's pre-training objective (Raffel et al., 2020, section 3.1.4): spans of the text are each replaced by a sentinel, and the
/// target is the sentinels, each followed by the text it replaces. Counts and draws follow <c>random_spans_noise_mask</c> in
/// google-research/text-to-text-transfer-transformer: a segment begins with text and ends with a span, unless it is rolled.
/// </summary>
/// <param name="NoiseDensity">Share of the ids that is replaced; 0.15 in the paper.</param>
/// <param name="MeanSpanLength">In ids; 3 in the paper.</param>
/// <param name="RandomRoll">
/// Whether to rotate the spans by a random number of ids (<c>random_roll</c> there), so that all positions are equally likely: without
/// it, a segment short enough for a single span always loses its end. A span that wraps around the end becomes two.
/// </param>
public sealed record SpanCorruption(double NoiseDensity = 0.15, double MeanSpanLength = 3, bool RandomRoll = false)
{
    /// <exception cref="ArgumentException">A value is out of its range; the message names it.</exception>
    public void Validate()
    {
        if (!(NoiseDensity is > 0 and < 1))
            throw new ArgumentException($"The noise density is {NoiseDensity}: it must be in (0, 1), for instance 0.15.");
        if (!(MeanSpanLength >= 1 && double.IsFinite(MeanSpanLength)))
            throw new ArgumentException($"The mean span length is {MeanSpanLength}: it must be a number of at least 1, for instance 3.");
    }

    /// <summary>Number of replaced ids and of spans in a segment of a given length, at least 2.</summary>
    public (int Ids, int Spans) Count(int length)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 2);
        var ids = Math.Clamp((int)Math.Round(length * NoiseDensity), 1, length - 1);
        return (ids, Math.Clamp((int)Math.Round(ids / MeanSpanLength), 1, Math.Min(ids, length - ids)));
    }

    /// <summary>Lengths of a segment's input and target, including end-of-sequence; with a random roll, the maximum.</summary>
    public (int Input, int Target) Lengths(int length)
    {
        var (ids, spans) = Count(length);
        var sentinels = RandomRoll ? spans + 1 : spans;
        return (length - ids + sentinels + 1, ids + sentinels + 1);
    }

    /// <summary>The longest segment whose input has at most this length.</summary>
    /// <exception cref="ArgumentException">The segment would need more spans than there are sentinels, or be too short for one.</exception>
    public int SegmentLength(int inputLength)
    {
        var length = TextSegments.Shortest + 1;
        if (inputLength < Lengths(length).Input)
            throw new ArgumentException($"The input length is {inputLength}: it must be at least {Lengths(length).Input}.");
        while (Lengths(length + 1).Input <= inputLength)
            length++;
        var spans = Count(length).Spans + (RandomRoll ? 1 : 0);
        return spans <= T5Tokenizer.SentinelCount
            ? length
            : throw new ArgumentException(
                $"Inputs of {inputLength} ids have up to {spans} spans, but there are {T5Tokenizer.SentinelCount} sentinels: use shorter inputs, " +
                    "a lower noise density or longer spans.");
    }

    /// <summary>The spans of a segment, in order.</summary>
    public IReadOnlyList<Range> Draw(int length, Random random)
    {
        var (ids, count) = Count(length);
        var noise = Split(ids, count, random);
        var text = Split(length - ids, count, random);
        var spans = new Range[count];
        for (int i = 0, end = 0; i < count; i++)
        {
            var start = end + text[i];
            end = start + noise[i];
            spans[i] = start..end;
        }
        return RandomRoll ? Roll(spans, random.Next(length), length) : spans;
    }

    /// <summary>Input and target of a segment, each with the end-of-sequence id.</summary>
    public EncodedExample Apply(ReadOnlySpan<int> segment, T5Tokenizer tokenizer, Random random)
    {
        List<int> input = [], target = [];
        var next = 0;
        foreach (var (number, span) in Draw(segment.Length, random).Index())
        {
            var sentinel = tokenizer.SentinelId(number);
            input.AddRange(segment[next..span.Start.Value]);
            input.Add(sentinel);
            target.Add(sentinel);
            target.AddRange(segment[span]);
            next = span.End.Value;
        }
        input.AddRange(segment[next..]);
        return new([.. input, tokenizer.EosId], [.. target, tokenizer.EosId]);
    }

    private static List<Range> Roll(IEnumerable<Range> spans, int offset, int length)
    {
        List<Range> round = [], rest = [];
        foreach (var span in spans)
        {
            var (start, end) = (span.Start.Value + offset, span.End.Value + offset);
            if (start < length)
                rest.Add(start..Math.Min(end, length));
            if (end > length)
                round.Add((Math.Max(start, length) - length)..(end - length));
        }
        return [.. round, .. rest];
    }

    /// <summary>Random lengths of at least 1 with a given sum; all splits are equally likely.</summary>
    private static int[] Split(int sum, int parts, Random random)
    {
        var cuts = new bool[sum - 1];
        Array.Fill(cuts, true, 0, parts - 1);
        random.Shuffle(cuts);
        var lengths = new int[parts];
        var part = 0;
        lengths[0] = 1;
        foreach (var cut in cuts)
        {
            if (cut)
                part++;
            lengths[part]++;
        }
        return lengths;
    }
}
