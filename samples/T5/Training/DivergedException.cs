namespace SamSharp.Samples.T5.Training;

/// <summary>The training loss is no finite number any more.</summary>
public sealed class DivergedException(string message) : InvalidOperationException(message);
