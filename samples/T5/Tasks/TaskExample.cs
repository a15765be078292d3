namespace SamSharp.Samples.T5.Tasks;

/// <summary>A row of a data set in T5's form.</summary>
/// <param name="Input">The text that the encoder reads.</param>
/// <param name="Target">The text that the decoder should write.</param>
public record TaskExample(string Input, string Target);
