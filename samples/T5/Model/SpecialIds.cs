namespace SamSharp.Samples.T5.Model;

/// <summary>The ids that have a role, as a vocabulary has them.</summary>
/// <param name="Pad">Fills up short rows.</param>
/// <param name="Eos">Ends a text.</param>
/// <param name="Source">The vocabulary's file, for messages.</param>
public sealed record SpecialIds(int Pad, int Eos, string Source);
