using SamSharp.Samples.FineTuneT5.Comparison;
using SamSharp.Samples.FineTuneT5.Setup;
using SamSharp.Samples.T5.Training;

namespace SamSharp.Samples.FineTuneT5.CommandLine;

/// <summary>The default without arguments: a comparison with the bundled model and data.</summary>
public static class Demonstration
{
    /// <summary>A few times the best radius for the bundled model, so that the rise is clearly above rounding errors.</summary>
    public const double SharpnessRho = 0.5;

    // Chosen on validation rows by the comparison in Artifacts/results/main.
    private const double LearningRate = 0.014;
    private const double Rho = 0.05;

    /// <remarks>T5's embeddings have magnitude 1 while its other weights are small. Adafactor's rate is relative to each tensor's magnitude and
    /// suits both.</remarks>
    public static TrainingOptions Training { get; } = new()
    {
        Optimizer = "adafactor",
        LearningRate = LearningRate,
        Rho = Rho,
        Schedule = "linear",
        WarmupSteps = 20,
        BatchSize = 16,
        MaxSourceLength = 64,
        MaxTargetLength = 8,
    };

    public static CompareRequest Comparison(string output) => new()
    {
        Run = new() { Model = BundledModel.Name, Output = output, Types = NumberTypes.Mixed },
        Tasks = [BundledData.Task],
        Sizes = [new(100, 60), new(400, 90)],
        Seeds = [1, 2, 3],
        Optimizers = [new("adafactor", [LearningRate])],
        Contenders = [Contender.Parse("base*1.25"), Contender.Parse("sam/4")],
        Radii = new Dictionary<string, double[]> { ["sam"] = [Rho] },
        SharpnessRho = SharpnessRho,
        Opening = "This fine-tunes the bundled T5 on the bundled sentences with and without SAM and compares the two.",
        Training = Training,
    };
}
