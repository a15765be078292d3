namespace SamSharp.Samples.FineTuneT5.Comparison;

/// <summary>The tuned settings.</summary>
/// <param name="Rho">0 for the base optimizer.</param>
public sealed record Setting(double LearningRate, double Rho);
