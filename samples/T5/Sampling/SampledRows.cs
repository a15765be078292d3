namespace SamSharp.Samples.T5.Sampling;

/// <summary>Batches from a list of rows, chosen by a sampler.</summary>
public sealed class SampledRows(IReadOnlyList<EncodedExample> rows, IBatchSampler sampler) : IBatchSource
{
    public string Fingerprint { get; } = RowFingerprint.Of(rows);

    public IReadOnlyList<EncodedExample> At(int batch) => [.. sampler.Rows(batch).Select(row => rows[row])];
}
