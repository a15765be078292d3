using SamSharp.Samples.Encoders.Sources;
using SamSharp.Samples.FineTuneT5.CommandLine;
using SamSharp.Samples.FineTuneT5.Comparison;
using SamSharp.Samples.FineTuneT5.Setup;
using SamSharp.Samples.T5.Tasks;
using SamSharp.Samples.T5.Training;

namespace SamSharp.Samples.FineTuneEncoder.CommandLine;

/// <summary>What this program says and does unless told otherwise.</summary>
public static class EncoderFace
{
    private const double LearningRate = 2e-4;
    private const double SharpnessRho = 0.05;

    /// <summary>The two top layers and the classifier: on two cores the others would take four times as long.</summary>
    private const int FrozenLayers = 4;

    private static readonly TrainingOptions Training = new()
    {
        Optimizer = "adamw",
        LearningRate = LearningRate,
        WeightDecay = 0.01,
        HeadRate = 10,
        Recipe = "asam",
        Rho = 0.3,
        Perturb = TrainingOptions.Body,
        FrozenLayers = 0,
        AscentFraction = 1,
        Schedule = "linear",
        WarmupSteps = 10,
        BatchSize = 16,
        Steps = 120,
        MaxSourceLength = 128,
    };

    private static readonly TrainingOptions Demonstrated = Training with { FrozenLayers = FrozenLayers, MaxSourceLength = 48 };

    public static ProgramFace Face { get; } = new()
    {
        Description = """
            Fine-tunes a pre-trained BERT encoder with sharpness-aware minimization around a base optimizer. Without
            arguments it fine-tunes all-MiniLM-L6-v2 on the bundled sentences, some of whose training labels are made
            wrong, with and without SAM, and compares the two.
            Exit codes: 0 success, 1 failure, 2 wrong usage, 130 interrupted (a checkpoint is saved first).
            """,
        Project = "samples/FineTuneEncoder",
        Examples =
        [
            ("--steps 100 --output runs/first", "ASAM around AdamW on the bundled sentences"),
            ("--steps 100 --output runs/first --resume", "goes on with it if it was stopped"),
            ("--rho 0 --seed 1 2 3", "the base optimizer alone, from three seeds"),
            ("--model google-bert/bert-base-uncased --task cola --data data/CoLA --freeze none", "another model on your own files, all layers"),
            ("compare --help", "options of a comparison with and without SAM"),
        ],
        Model = PackagedModel.MiniLM.Name,
        Models = "minilm (all-MiniLM-L6-v2), arctic (snowflake-arctic-embed-xs), the folder of a BERT with config.json, model.safetensors and " +
            "vocab.txt, or a name on the Hugging Face hub, as google-bert/bert-base-uncased or owner/name@revision, which is downloaded once to " +
            "the hub's cache. HF_HOME, HF_HUB_CACHE, HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE are honored",
        Tasks = "The task: classification of texts or pairs. The command tasks lists them",
        Training = Training,
        Compared = Demonstrated,
        Demonstration = Comparison,
        HasFreshHead = true,
        Writes = false,
        Types = NumberTypes.All,
        Takes = task => task is TableTask or MultiRcTask,
    };

    private static CompareRequest Comparison(string output) => new()
    {
        Run = new() { Model = PackagedModel.MiniLM.Name, Output = output },
        Tasks = [BundledData.Task],
        Sizes = [new(200, 50)],
        Seeds = [1, 2, 3, 4],
        Optimizers = [new("adamw", [LearningRate])],
        Contenders = [Contender.Parse("base*0.5"), Contender.Parse("sam:body"), Contender.Parse("asam:body")],
        Radii = new Dictionary<string, double[]> { ["sam"] = [0.1], ["asam"] = [0.5] },
        LabelNoise = 0.2,
        Opening = "This fine-tunes all-MiniLM-L6-v2 on the bundled sentences, a fifth of whose training labels are made wrong, with and without " +
            "SAM and compares them.",
        SharpnessRho = SharpnessRho,
        Training = Demonstrated,
    };
}
