using SamSharp.Samples.T5.Tasks;
using SamSharp.Samples.T5.Tokenization;

namespace SamSharp.Samples.T5.Sampling;

/// <summary>A row as ids, each side ended by the end-of-sequence id.</summary>
public sealed record EncodedExample(int[] Source, int[] Target)
{
    /// <param name="maxSource">Longest input in ids, end-of-sequence included.</param>
    /// <param name="maxTarget">The same for the target.</param>
    public static IReadOnlyList<EncodedExample> From(IReadOnlyList<TaskExample> examples, T5Tokenizer tokenizer, int maxSource, int maxTarget) =>
        [.. examples.Select(example => new EncodedExample(
            tokenizer.EncodeWithEos(example.Input, maxSource),
            tokenizer.EncodeWithEos(example.Target, maxTarget)))];
}
