namespace SamSharp.Samples.T5.Monitoring;

/// <summary>Where a run is after a step.</summary>
/// <param name="Loss">Mean training loss of the latest report; NaN before the first.</param>
/// <param name="TimeLeft">Evaluations and checkpoints included, at the pace so far.</param>
public sealed record TrainingProgress(int Step, int TotalSteps, double Loss, double SequencesPerSecond, TimeSpan TimeLeft);
