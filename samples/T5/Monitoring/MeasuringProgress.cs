namespace SamSharp.Samples.T5.Monitoring;

/// <summary>How far a measurement is.</summary>
/// <param name="What">What is measured: <c>sharpness</c>.</param>
/// <param name="Done">Passes over a batch.</param>
/// <param name="Total">All passes; 0 where their number is not known.</param>
public readonly record struct MeasuringProgress(string What, int Done, int Total);
