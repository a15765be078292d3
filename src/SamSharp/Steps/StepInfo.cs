namespace SamSharp.Steps;

/// <summary>What a radius schedule may look at.</summary>
/// <param name="Step">The number of the step about to be made, from 1; skipped steps count.</param>
/// <param name="LearningRate">The param group's learning rate now.</param>
/// <param name="InitialLearningRate">The param group's learning rate at the start.</param>
/// <param name="Group">The param group's index.</param>
public readonly record struct StepInfo(long Step, double LearningRate, double InitialLearningRate, int Group);
