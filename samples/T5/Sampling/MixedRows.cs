namespace SamSharp.Samples.T5.Sampling;

/// <summary>
/// Batches made of the rows of several sources: so many of each in every step, shuffled, so that a part of the batch holds all kinds.
/// </summary>
public sealed class MixedRows(IReadOnlyList<IBatchSource> sources, int seed) : IBatchSource
{
    public string Fingerprint { get; } = string.Join('+', sources.Select(source => source.Fingerprint));

    public IReadOnlyList<EncodedExample> At(int batch)
    {
        EncodedExample[] rows = [.. sources.SelectMany(source => source.At(batch))];
        new Random(StepSeed.Of(seed, ~(long)batch)).Shuffle(rows);
        return rows;
    }
}
