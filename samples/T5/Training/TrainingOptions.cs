using System.Text.Json.Serialization;
using SamSharp.Samples.T5.Model;
using SamSharp.Samples.T5.Sampling;
using SamSharp.Samples.T5.Tasks;
using SamSharp.Samples.T5.Tokenization;

namespace SamSharp.Samples.T5.Training;

/// <summary>
/// Exactly the settings that determine the result of a training run: two runs with equal options, rows and initial weights end
/// with equal weights. Checkpoints store them, so that a run resumes only with the same settings.
/// </summary>
public sealed record TrainingOptions
{
    /// <summary>What <see cref="Perturb"/> calls all but a fresh head.</summary>
    public const string Body = "body";

    /// <summary>One of <see cref="OptimizerCatalog.Names"/>.</summary>
    public string Optimizer { get; init; } = "adamw";

    /// <summary>The peak learning rate; null uses <see cref="OptimizerCatalog.DefaultLearningRate"/>.</summary>
    public double? LearningRate { get; init; }

    public double WeightDecay { get; init; }

    /// <summary>Dropout for training; null uses the model's.</summary>
    public double? Dropout { get; init; }

    /// <summary>Radius of the sharpness-aware step; 0 trains with the base optimizer alone.</summary>
    public double Rho { get; init; } = 0.05;

    /// <summary>The sharpness-aware algorithm, one of <see cref="RecipeCatalog.Names"/>; it applies if <see cref="Rho"/> is above 0.</summary>
    public string Recipe { get; init; } = "sam";

    /// <summary>
    /// The share of each batch for the ascent gradient; Bahri, Mobahi and Tay (2021) use a quarter. Recipes that
    /// <see cref="RecipeCatalog.NeedsWholeBatch"/> require 1.
    /// </summary>
    public double AscentFraction { get; init; } = 0.25;

    /// <summary>
    /// Rows per part of a batch that has its own perturbation, the m of m-SAM (Foret et al. 2021); null perturbs once for the whole batch.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? AscentRows { get; init; }

    /// <summary>
    /// The share of the steps after which the weights are averaged, the average being the trained model (SWA; with SAM it is WASAM: Kaddour et
    /// al. 2022, who begin at 0.75); null: the last weights are the model.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? AverageFrom { get; init; }

    /// <summary><see cref="Body"/> leaves a fresh head out of the perturbation; null perturbs all.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Perturb { get; init; }

    /// <summary>A fresh head learns at this many times the rate of the rest; null: at the same.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? HeadRate { get; init; }

    /// <summary>
    /// What keeps its values, for models that can: 0 freezes the embeddings, n them and the n lowest layers; null trains everything.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? FrozenLayers { get; init; }

    /// <summary>The rank of low-rank adapters, which train in place of the weights; null trains the weights.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? LoraRank { get; init; }

    /// <summary>The adapters' products count alpha / rank; null: alpha is twice the rank.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? LoraAlpha { get; init; }

    /// <summary>Whether both passes of a step use the same dropout masks, which are also those of a step without SAM.</summary>
    public bool ReplayRandomness { get; init; }

    /// <summary>One of <see cref="LearningRateSchedule.Names"/>.</summary>
    public string Schedule { get; init; } = "constant";

    public int WarmupSteps { get; init; }

    /// <summary>Number of last steps over which the learning rate falls linearly to 0.</summary>
    public int CooldownSteps { get; init; }

    public int Steps { get; init; } = 1000;

    public int BatchSize { get; init; } = 32;

    /// <summary>Rows per part of a batch, to save memory: the parts' gradients are summed. Null computes the batch at once.</summary>
    public int? MicroBatchSize { get; init; }

    /// <summary>Maximum gradient norm; longer gradients are scaled down. Null: no limit.</summary>
    public double? MaxGradientNorm { get; init; }

    /// <summary>Maximum input length in ids, including end-of-sequence; longer inputs are cut.</summary>
    public int MaxSourceLength { get; init; } = 128;

    /// <summary>Maximum target length in ids, including end-of-sequence; also the maximum length of generated text.</summary>
    public int MaxTargetLength { get; init; } = 16;

    public int Seed { get; init; } = 1;

    /// <summary>Maximum number of rows a task of a mixture counts for (T5's limit K); null: no limit.</summary>
    public int? MixtureCap { get; init; }

    /// <summary>Groups rows of similar length into batches, see <see cref="LengthBuckets"/>.</summary>
    public bool BucketByLength { get; init; }

    /// <summary>The share of each target's probability that is spread over the whole vocabulary (Szegedy et al., 2016); T5 uses 0.</summary>
    public double LabelSmoothing { get; init; }

    /// <summary>A label's loss counts at most this in training, see <see cref="TrainedModel.LossCeiling"/>; null: no limit.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? LossCeiling { get; init; }

    /// <summary>Number of evaluations without improvement before training stops; null trains all steps.</summary>
    public int? Patience { get; init; }

    /// <summary>Steps between evaluations; 0 evaluates only at the end.</summary>
    public int EvaluateEvery { get; init; }

    /// <summary>Steps between reports of the mean training loss.</summary>
    public int LogEvery { get; init; } = 10;

    /// <summary>Encodes rows, cut to the run's maximum lengths.</summary>
    public IReadOnlyList<EncodedExample> Encode(IReadOnlyList<TaskExample> examples, T5Tokenizer tokenizer) =>
        EncodedExample.From(examples, tokenizer, MaxSourceLength, MaxTargetLength);

    /// <exception cref="ArgumentException">A value is out of its range; the message names it.</exception>
    public void Validate()
    {
        Require(double.IsFinite(Rho) && Rho >= 0, $"rho is {Rho}: it must be a finite number, 0 (base optimizer alone) or more, for instance 0.05.");
        Require(AscentFraction is > 0 and <= 1, $"The ascent fraction is {AscentFraction}: it must be in (0, 1], for instance 0.25.");
        Require(AscentRows is null or >= 1, $"The rows of an ascent are {AscentRows}: they must be at least 1, for instance 4.");
        Require(AscentRows is null || (AscentFraction == 1 && MicroBatchSize is null),
            "Each part of a batch has its own ascent: with the rows of an ascent set, the ascent fraction is 1, and there is no micro-batch.");
        Require(AverageFrom is null or (>= 0 and < 1), $"The weights are averaged from {AverageFrom}: it must be in [0, 1), for instance 0.75.");
        Require(LearningRate is null or (> 0 and < double.PositiveInfinity),
            $"The learning rate is {LearningRate}: it must be a positive number, for instance 1e-3.");
        Require(double.IsFinite(WeightDecay) && WeightDecay >= 0, $"The weight decay is {WeightDecay}: it must be a finite number, 0 or more.");
        Require(Dropout is null or (>= 0 and < 1), $"The dropout is {Dropout}: it must be in [0, 1), for instance 0.1.");
        Require(Steps >= 1, $"The number of steps is {Steps}: it must be at least 1.");
        Require(WarmupSteps >= 0, $"The number of warm-up steps is {WarmupSteps}: it must be 0 or more.");
        Require(CooldownSteps >= 0 && CooldownSteps <= Steps,
            $"The number of cool-down steps is {CooldownSteps}: it must be from 0 to the number of steps, {Steps}.");
        Require(BatchSize >= 1, $"The batch size is {BatchSize}: it must be at least 1.");
        Require(MicroBatchSize is null or >= 1, $"The micro-batch is {MicroBatchSize}: it must be at least 1 row.");
        Require(MaxGradientNorm is null or (> 0 and < double.PositiveInfinity),
            $"The maximum gradient norm is {MaxGradientNorm}: it must be a positive number, for instance 1.");
        Require(MaxSourceLength >= 2, $"The maximum source length is {MaxSourceLength}: it must be at least 2.");
        Require(MaxTargetLength >= 2, $"The maximum target length is {MaxTargetLength}: it must be at least 2.");
        Require(EvaluateEvery >= 0, $"The number of steps between evaluations is {EvaluateEvery}: it must be 0 (only at the end) or more.");
        Require(MixtureCap is null or >= 1, $"The mixture's cap is {MixtureCap}: it must be at least 1 row.");
        Require(LabelSmoothing is >= 0 and < 1, $"The label smoothing is {LabelSmoothing}: it must be in [0, 1), for instance 0.1.");
        Require(LossCeiling is null or (> 0 and < double.PositiveInfinity),
            $"The loss ceiling is {LossCeiling}: it must be a positive number, for instance 2.");
        Require(Patience is null or >= 1, $"The patience is {Patience}: it must be at least 1 evaluation.");
        Require(Patience is null || EvaluateEvery > 0, "Patience counts evaluations: set how often to evaluate, too.");
        Require(LogEvery >= 1, $"The number of steps between reports is {LogEvery}: it must be at least 1.");
        Require(Perturb is null or Body, $"What is perturbed is '{Perturb}': it must be all or {Body}.");
        Require(HeadRate is null or (> 0 and < double.PositiveInfinity),
            $"The head's rate is {HeadRate} times the others': it must be a positive number, for instance 10.");
        Require(FrozenLayers is null or >= 0, $"The number of frozen layers is {FrozenLayers}: it must be 0 (the embeddings alone) or more.");
        Require(LoraRank is null or >= 1, $"The adapters' rank is {LoraRank}: it must be at least 1, for instance 8.");
        Require(LoraAlpha is null or (> 0 and < double.PositiveInfinity), $"The adapters' alpha is {LoraAlpha}: it must be a positive number.");
        Require(LoraAlpha is null || LoraRank is not null, "Alpha scales adapters: set their rank, too.");
        Require(LoraRank is null || FrozenLayers is null or 0, "Adapters are made for all layers: freeze the embeddings alone, or nothing.");
        OptimizerCatalog.RequireKnown(Optimizer);
        RecipeCatalog.RequireKnown(Recipe);
        Require(AscentRows is null || Rho == 0 || !RecipeCatalog.NeedsWholeBatch(Recipe),
            $"{RecipeCatalog.Title(Recipe)} needs the gradient at w of the whole batch, so no part of one can have its own ascent.");
        LearningRateSchedule.RequireKnown(Schedule);
    }

    private static void Require(bool condition, string message)
    {
        if (!condition)
            throw new ArgumentException(message);
    }
}
