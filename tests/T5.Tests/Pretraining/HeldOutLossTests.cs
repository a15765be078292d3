using SamSharp.Samples.T5.Pretraining;
using SamSharp.Samples.T5.Sampling;
using SamSharp.Samples.T5.Tokenization;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Tests.Pretraining;

public class HeldOutLossTests
{
    private static readonly T5Tokenizer Tokenizer = T5Tokenizer.Load(Sentences.Vocabulary);

    // Segments of unlike lengths, which have targets of unlike lengths.
    private static readonly ReadOnlyMemory<int>[] Segments =
        [.. Enumerable.Range(0, 9).Select(i => new ReadOnlyMemory<int>([.. Enumerable.Range(10 * i, 12 + (4 * i))]))];

    [Fact]
    public void It_is_the_mean_over_all_target_ids_however_they_are_batched_and_at_every_measurement()
    {
        using var model = Small.Model(Small.Relu with { VocabularySize = Tokenizer.VocabularySize });
        model.eval();
        var (sum, count) = (0.0, 0);
        for (var i = 0; i < Segments.Length; i++)
        {
            var row = new SpanCorruption().Apply(Segments[i].Span, Tokenizer, new Random(StepSeed.Of(0, i)));
            using var batch = Batch.Collate([row], Tokenizer.PadId, CPU);
            using var loss = model.Loss(batch.InputIds, batch.AttentionMask, batch.Labels);
            sum += row.Target.Length * loss.item<float>();
            count += row.Target.Length;
        }
        foreach (var batchSize in new[] { 1, 4, 9 })
        {
            var heldOut = new HeldOutLoss(Segments, new(), Tokenizer, batchSize, most: 100);
            Assert.Equal(9, heldOut.Count);
            Assert.Equal(sum / count, heldOut.Measure(model), 1e-4);
            Assert.Equal(heldOut.Measure(model), heldOut.Measure(model));
        }
    }

    [Fact]
    public void Of_many_segments_it_takes_some_from_the_whole_text()
    {
        using var model = Small.Model(Small.Relu with { VocabularySize = Tokenizer.VocabularySize });
        model.eval();
        var some = new HeldOutLoss(Segments, new(), Tokenizer, 4, most: 3);
        Assert.Equal(3, some.Count);
        Assert.Equal(new HeldOutLoss([Segments[0], Segments[3], Segments[6]], new(), Tokenizer, 4, most: 100).Measure(model), some.Measure(model));
    }
}
