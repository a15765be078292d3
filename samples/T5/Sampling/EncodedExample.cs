using SamSharp.Samples.T5.Tasks;
using SamSharp.Samples.T5.Tokenization;

namespace SamSharp.Samples.T5.Sampling;

/// <summary>A row as ids; source and target both end with the end-of-sequence id.</summary>
public sealed record EncodedExample(int[] Source, int[] Target)
{
    /// <param name="maxSource">Maximum input length in ids, including end-of-sequence.</param>
    /// <param name="maxTarget">Maximum target length in ids, including end-of-sequence.</param>
    public static IReadOnlyList<EncodedExample> From(IReadOnlyList<TaskExample> examples, T5Tokenizer tokenizer, int maxSource, int maxTarget) =>
        [.. examples.Select(example => new EncodedExample(
            tokenizer.EncodeWithEos(example.Input, maxSource),
            tokenizer.EncodeWithEos(example.Target, maxTarget)))];
}
