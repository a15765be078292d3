using SamSharp.Samples.T5.Tasks;
using SamSharp.Samples.T5.Tokenization;

namespace SamSharp.Samples.T5.Training;

/// <summary>A row as ids, each side ended by the end-of-sequence id.</summary>
public sealed record EncodedExample(int[] Source, int[] Target)
{
    public static IReadOnlyList<EncodedExample> From(IReadOnlyList<TaskExample> examples, T5Tokenizer tokenizer, TrainingOptions options)
        => [.. examples.Select(example => new EncodedExample(
            tokenizer.EncodeWithEos(example.Input, options.MaxSourceLength),
            tokenizer.EncodeWithEos(example.Target, options.MaxTargetLength)))];
}
