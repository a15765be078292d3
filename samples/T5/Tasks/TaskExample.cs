namespace SamSharp.Samples.T5.Tasks;

/// <summary>A row of a data set in T5's form.</summary>
/// <param name="Input">The text that the encoder reads.</param>
/// <param name="Target">The text that the decoder should write.</param>
public record TaskExample(string Input, string Target)
{
    /// <summary>
    /// The texts that <see cref="Input"/> is made of, without T5's words around them: a sentence, a pair, or a few. Empty where the row is
    /// not to be classified. They follow from the input, so they do not count in comparisons.
    /// </summary>
    public IReadOnlyList<string> Texts { get; init; } = [];

    public virtual bool Equals(TaskExample? other) =>
        other is not null && EqualityContract == other.EqualityContract && Input == other.Input && Target == other.Target;

    public override int GetHashCode() => HashCode.Combine(EqualityContract, Input, Target);
}
