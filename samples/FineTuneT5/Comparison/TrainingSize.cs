namespace SamSharp.Samples.FineTuneT5.Comparison;

/// <summary>How many training rows, and how many steps.</summary>
public sealed record TrainingSize(RowCount Rows, int Steps);
