using SamSharp.Samples.T5.Model;
using SamSharp.Samples.T5.Monitoring;
using SamSharp.Samples.T5.Sampling;
using SamSharp.Samples.T5.Tokenization;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Pretraining;

/// <summary>The loss on held-out text, with the same spans replaced in every measurement and run.</summary>
public sealed class HeldOutLoss
{
    private readonly IReadOnlyList<EncodedExample> _rows;
    private readonly int _padId;
    private readonly int _batchSize;

    /// <param name="most">Maximum number of segments; of more, evenly spread ones are used.</param>
    public HeldOutLoss(IReadOnlyList<ReadOnlyMemory<int>> segments, SpanCorruption corruption, T5Tokenizer tokenizer, int batchSize, int most)
    {
        var count = Math.Min(segments.Count, most);
        _rows = [.. Enumerable.Range(0, count).Select(i => corruption.Apply(
            segments[(int)((long)segments.Count * i / count)].Span, tokenizer, new Random(StepSeed.Of(0, i))))];
        (_padId, _batchSize) = (tokenizer.PadId, batchSize);
    }

    /// <summary>Number of measured segments.</summary>
    public int Count => _rows.Count;

    /// <summary>Mean cross-entropy over all target ids. The model should be in evaluation mode.</summary>
    /// <param name="model">The model.</param>
    /// <param name="measuring">Told of each batch.</param>
    public double Measure(T5Model model, Measuring? measuring = null)
    {
        measuring?.Begin("held-out loss", (_rows.Count + _batchSize - 1) / _batchSize);
        using var gradientFree = no_grad();
        var (loss, labels) = (0.0, 0L);
        foreach (var part in _rows.Chunk(_batchSize))
        {
            measuring?.NextBatch();
            using var scope = NewDisposeScope();
            using var batch = Batch.Collate(part, _padId, model.Device);
            var count = part.Sum(row => (long)row.Target.Length);
            loss += count * model.Loss(batch.InputIds, batch.AttentionMask, batch.Labels).to(ScalarType.Float64).item<double>();
            labels += count;
        }
        return loss / labels;
    }
}
