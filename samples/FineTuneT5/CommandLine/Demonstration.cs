namespace SamSharp.Samples.FineTuneT5.CommandLine;

/// <summary>What the program does without arguments: the comparison, on what the repository carries, in a few minutes on two cores.</summary>
public static class Demonstration
{
    /// <remarks>
    /// A fresh model whose embeddings start at T5's own size, 1, learns from 801 sentences only where the learning rate is
    /// relative to the weights' size, as Adafactor's is. Its weights are long, and so is the radius that suits them.
    /// </remarks>
    public static FineTuneRequest Of(FineTuneRequest defaults) => defaults with
    {
        Compare = true,
        Training = defaults.Training with
        {
            Optimizer = "adafactor",
            LearningRate = 0.04,
            Schedule = "linear",
            WarmupSteps = 20,
            Rho = 0.7,
            Steps = 400,
            EvaluateEvery = 40,
            MaxSourceLength = 64,
        },
    };
}
