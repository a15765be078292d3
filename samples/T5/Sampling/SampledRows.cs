namespace SamSharp.Samples.T5.Training;

/// <summary>Batches of a list of rows, which a sampler chooses.</summary>
public sealed class SampledRows(IReadOnlyList<EncodedExample> rows, IBatchSampler sampler) : IBatchSource
{
    public string Fingerprint { get; } = RowFingerprint.Of(rows);

    /// <summary>Rows as a run's options sample them.</summary>
    /// <param name="taskRows">How many of the rows belong to each task, one task after the other.</param>
    public static SampledRows Of(IReadOnlyList<EncodedExample> rows, TrainingOptions options, IReadOnlyList<int> taskRows)
    {
        IBatchSampler sampler = taskRows.Count == 1
            ? new BatchSampler(rows.Count, options.BatchSize, options.Seed)
            : new MixtureSampler(taskRows, options.MixtureCap, options.BatchSize, options.Seed);
        return new(rows, options.BucketByLength ? new LengthBuckets(sampler, [.. rows.Select(row => row.Source.Length)], options.Seed) : sampler);
    }

    public IReadOnlyList<EncodedExample> At(int batch) => [.. sampler.Rows(batch).Select(row => rows[row])];
}
