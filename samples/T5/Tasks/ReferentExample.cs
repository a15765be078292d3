namespace SamSharp.Samples.T5.Tasks;

/// <summary>A pronoun in a text, and a phrase that may be what it stands for.</summary>
/// <param name="Corefers">Whether the pronoun stands for <paramref name="Target"/>.</param>
public sealed record ReferentExample(string Input, string Target, bool Corefers) : TaskExample(Input, Target);
