namespace SamSharp.Samples.T5.Monitoring;

/// <summary>The state of a run after a step.</summary>
/// <param name="Loss">Mean training loss in the latest report; NaN before the first.</param>
/// <param name="TimeLeft">Estimated from the pace so far, including evaluations and checkpoints.</param>
public sealed record TrainingProgress(int Step, int TotalSteps, double Loss, double SequencesPerSecond, TimeSpan TimeLeft);
