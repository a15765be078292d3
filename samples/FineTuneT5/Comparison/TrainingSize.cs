namespace SamSharp.Samples.FineTuneT5.Comparison;

/// <summary>How many training rows, null for all, and how many steps are made on them.</summary>
public sealed record TrainingSize(int? Rows, int Steps);
