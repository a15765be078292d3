using SamSharp.Samples.T5.Pretraining;
using SamSharp.Samples.T5.Sampling;
using SamSharp.Samples.T5.Tokenization;

namespace SamSharp.Samples.T5.Tests.Pretraining;

public class CorruptedTextTests
{
    private static readonly T5Tokenizer Tokenizer = T5Tokenizer.Load(Sentences.Vocabulary);

    // 12 segments of 60 ids (9 are replaced, in 3 spans), told apart by their first, which is never replaced.
    private static readonly ReadOnlyMemory<int>[] Segments =
        [.. Enumerable.Range(0, 12).Select(i => new ReadOnlyMemory<int>([100 + i, .. Enumerable.Range(200, 59)]))];

    [Fact]
    public void A_step_has_the_same_rows_whenever_it_is_asked_for()
    {
        var whole = Enumerable.Range(0, 7).Select(NewSource().At).ToList();
        Assert.Equal(Texts(whole[5]), Texts(NewSource().At(5)));
        Assert.NotEqual(Texts(whole[5]), Texts(NewSource(seed: 2).At(5)));
    }

    [Fact]
    public void An_epoch_has_every_segment_once_and_the_next_replaces_other_spans()
    {
        var source = NewSource();
        List<EncodedExample> Epoch(int epoch) => [.. Enumerable.Range(3 * epoch, 3).SelectMany(source.At).OrderBy(row => row.Source[0])];
        Assert.Equal(Enumerable.Range(100, 12), Epoch(0).Select(row => row.Source[0]));
        Assert.Equal(Enumerable.Range(100, 12), Epoch(1).Select(row => row.Source[0]));
        Assert.InRange(Texts(Epoch(0)).Zip(Texts(Epoch(1))).Count(pair => pair.First != pair.Second), 8, 12);
    }

    [Fact]
    public void Every_row_of_every_step_has_spans_of_its_own()
    {
        var source = NewSource();
        var places = Enumerable.Range(0, 6).SelectMany(source.At).Select(row => string.Join(' ', row.Target)).ToList();
        Assert.InRange(places.Distinct().Count(), 23, 24);
    }

    [Fact]
    public void The_fingerprint_tells_texts_and_corruptions_apart()
    {
        string Of(ReadOnlyMemory<int>[] segments, SpanCorruption corruption) => new CorruptedText(segments, corruption, Tokenizer, 4, 1).Fingerprint;
        string[] all = [Of(Segments, new()), Of(Segments[1..], new()),
            Of(Segments, new(0.2)), Of(Segments, new(0.15, 2)), Of(Segments, new(RandomRoll: true))];
        Assert.Equal(5, all.Distinct().Count());
        Assert.Equal(all[0], Of([.. Segments], new()));
    }

    [Fact]
    public void Mixed_batches_have_so_many_rows_of_each_source_at_every_step()
    {
        var tasks = new SampledRows([.. Enumerable.Range(0, 5).Select(i => new EncodedExample([10 + i, 1], [2, 1]))], new BatchSampler(5, 3, 1));
        var mixed = new MixedRows([NewSource(), tasks], 1);
        var places = new HashSet<int>();
        for (var step = 0; step < 20; step++)
        {
            var rows = mixed.At(step);
            Assert.Equal(7, rows.Count);
            Assert.Equal(Texts(NewSource().At(step)).Concat(Texts(tasks.At(step))).Order(), Texts(rows).Order());
            Assert.Equal(Texts(rows), Texts(mixed.At(step)));
            places.UnionWith(rows.Index().Where(row => row.Item.Source.Length == 2).Select(row => row.Index));
        }
        Assert.Equal(7, places.Count);
    }

    private static CorruptedText NewSource(int seed = 1) => new(Segments, new SpanCorruption(), Tokenizer, 4, seed);

    private static List<string> Texts(IEnumerable<EncodedExample> rows)
        => [.. rows.Select(row => string.Join(' ', row.Source) + " > " + string.Join(' ', row.Target))];
}
