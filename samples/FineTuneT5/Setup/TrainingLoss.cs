using SamSharp.Analysis;
using SamSharp.Samples.T5.Model;
using SamSharp.Samples.T5.Monitoring;
using SamSharp.Samples.T5.Sampling;

namespace SamSharp.Samples.FineTuneT5.Setup;

/// <summary>The loss on training rows as a function of the weights, in batches as in training.</summary>
public static class TrainingLoss
{
    /// <summary>The caller disposes it. Until then the model is in evaluation mode.</summary>
    /// <param name="model">The model.</param>
    /// <param name="padId">The id that pads rows.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="batchSize">Rows of a batch.</param>
    /// <param name="measuring">Told of each pass over a batch.</param>
    public static LossSurface Surface(TrainedModel model, int padId, IEnumerable<EncodedExample> rows, int batchSize, Measuring measuring)
        => new(model, [.. rows.Chunk(batchSize).Select(part => new LossBatch(
            () =>
            {
                measuring.NextBatch();
                using var batch = Batch.Collate(part, padId, model.Device);
                // 16-bit activations would round away small differences between losses.
                using var wide = model.ComputeInTypeOfWeights();
                return model.Loss(batch.InputIds, batch.AttentionMask, batch.Labels);
            },
            part.Length,
            part.Sum(row => row.Target.Length)))]);
}
