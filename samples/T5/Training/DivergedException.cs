namespace SamSharp.Samples.T5.Training;

/// <summary>The training loss is no longer finite.</summary>
public sealed class DivergedException(string message) : InvalidOperationException(message);
