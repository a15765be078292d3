namespace SamSharp.Samples.FineTuneT5.Comparison;

/// <summary>Number of training rows (null: all) and of steps.</summary>
public sealed record TrainingSize(int? Rows, int Steps);
