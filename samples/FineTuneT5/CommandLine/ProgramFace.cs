using SamSharp.Samples.FineTuneT5.Comparison;
using SamSharp.Samples.FineTuneT5.Setup;
using SamSharp.Samples.T5.Tasks;
using SamSharp.Samples.T5.Training;

namespace SamSharp.Samples.FineTuneT5.CommandLine;

/// <summary>What a program that fine-tunes says of its kind of model, and what it does unless told otherwise.</summary>
public sealed record ProgramFace
{
    /// <summary>What the program is, for its help.</summary>
    public required string Description { get; init; }

    /// <summary>The model that is taken unless one is named.</summary>
    public required string Model { get; init; }

    /// <summary>What may be named.</summary>
    public required string Models { get; init; }

    /// <summary>How <c>--task</c> presents itself.</summary>
    public required string Tasks { get; init; }

    /// <summary>Training unless told otherwise.</summary>
    public required TrainingOptions Training { get; init; }

    /// <summary>Training in a comparison unless told otherwise.</summary>
    public required TrainingOptions Compared { get; init; }

    /// <summary>The comparison that the program makes without arguments, by its folder.</summary>
    public required Func<string, CompareRequest> Demonstration { get; init; }

    /// <summary>Whether the classifier starts from random weights, so that its rate and its perturbation are a matter of their own.</summary>
    public bool HasFreshHead { get; init; }

    /// <summary>Whether a model may be given another vocabulary, and writes answers of some length.</summary>
    public bool Writes { get; init; } = true;

    /// <summary>Which tasks the program takes.</summary>
    public Func<T5Task, bool> Takes { get; init; } = _ => true;

    /// <summary>The program of this folder.</summary>
    public static ProgramFace T5 { get; } = new()
    {
        Description = """
            Fine-tunes a T5 with sharpness-aware minimization around a base optimizer. Without arguments it
            fine-tunes the carried T5 on the carried sentences with and without SAM, and compares the two.
            Exit codes: 0 success, 1 failure, 2 wrong usage, 130 interrupted (a checkpoint is saved first).
            """,
        Model = CarriedModel.Name,
        Models = "The small T5 that comes with the program, a fresh model of a named size (tiny, mini, small, base, large, ...) or of the shape in " +
            "a config.json, a Hugging Face folder with config.json and model.safetensors, or a name on the Hugging Face hub, as " +
            "google-t5/t5-small or owner/name@revision, which is downloaded once to the hub's cache. " +
            "HF_HOME, HF_HUB_CACHE, HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE are honored",
        Tasks = "The task, in T5's text-to-text form, or several separated by commas: cola,sst2,mrpc. The command tasks lists them",
        Training = new(),
        Compared = CommandLine.Demonstration.Training,
        Demonstration = CommandLine.Demonstration.Comparison,
    };
}
