namespace SamSharp.Samples.T5.Tasks;

/// <summary>A pronoun in a text, and a phrase that it may refer to.</summary>
/// <param name="Corefers">Whether the pronoun refers to <paramref name="Target"/>.</param>
public sealed record ReferentExample(string Input, string Target, bool Corefers) : TaskExample(Input, Target);
