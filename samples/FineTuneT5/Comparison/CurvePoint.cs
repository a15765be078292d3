namespace SamSharp.Samples.FineTuneT5.Comparison;

/// <summary>The mean training loss of the steps since the previous point.</summary>
public readonly record struct CurvePoint(int Step, double Loss);
