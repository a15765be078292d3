namespace SamSharp.Samples.T5.Sampling;

/// <summary>
/// Mixes several sources: a fixed number of rows from each in every step, shuffled, so that any part of the batch contains all kinds.
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
