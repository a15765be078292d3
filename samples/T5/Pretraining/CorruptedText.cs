using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using SamSharp.Samples.T5.Sampling;
using SamSharp.Samples.T5.Tokenization;

namespace SamSharp.Samples.T5.Pretraining;

/// <summary>Segments of text; each epoch has its own order and replaces different spans.</summary>
public sealed class CorruptedText(
    IReadOnlyList<ReadOnlyMemory<int>> segments, SpanCorruption corruption, T5Tokenizer tokenizer, int batchSize, int seed) : IBatchSource
{
    private readonly BatchSampler _sampler = new(segments.Count, batchSize, seed);

    public string Fingerprint { get; } = Hash(segments, corruption);

    public IReadOnlyList<EncodedExample> At(int batch)
        => [.. _sampler.Rows(batch).Select((row, i) => corruption.Apply(
            segments[row].Span, tokenizer, new Random(StepSeed.Of(~seed, ((long)batch * batchSize) + i))))];

    private static string Hash(IReadOnlyList<ReadOnlyMemory<int>> segments, SpanCorruption corruption)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var segment in segments)
        {
            hash.AppendData(MemoryMarshal.AsBytes<int>([segment.Length]));
            hash.AppendData(MemoryMarshal.AsBytes(segment.Span));
        }
        var roll = corruption.RandomRoll ? "-rolled" : "";
        return string.Create(CultureInfo.InvariantCulture,
            $"{Convert.ToHexString(hash.GetHashAndReset())}-{corruption.NoiseDensity}-{corruption.MeanSpanLength}{roll}");
    }
}
