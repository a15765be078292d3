using SamSharp.Samples.FineTuneT5.Comparison;
using SamSharp.Samples.FineTuneT5.Setup;
using SamSharp.Samples.T5.Training;

namespace SamSharp.Samples.FineTuneT5.CommandLine;

/// <summary>What the program does without arguments: a comparison on what the repository carries, in a few minutes on two cores.</summary>
public static class Demonstration
{
    /// <summary>A few times the radius that suits the carried model, so that the rise stands out from rounding.</summary>
    public const double SharpnessRho = 0.5;

    // As the comparison Artifacts/results/main chose them on validation rows.
    private const double LearningRate = 0.014;
    private const double Rho = 0.05;

    /// <remarks>The embeddings of a T5 are of size 1 while its other weights are small: a rate relative to each tensor's size, as Adafactor's,
    /// suits all.</remarks>
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
        Run = new() { Model = CarriedModel.Name, Output = output, Types = NumberTypes.Mixed },
        Tasks = [CarriedData.Task],
        Sizes = [new(100, 60), new(400, 90)],
        Seeds = [1, 2, 3],
        Optimizers = [new("adafactor", [LearningRate])],
        Contenders = [Contender.Parse("base*1.25"), Contender.Parse("sam/4")],
        Radii = new Dictionary<string, double[]> { ["sam"] = [Rho] },
        SharpnessRho = SharpnessRho,
        Training = Training,
    };
}
