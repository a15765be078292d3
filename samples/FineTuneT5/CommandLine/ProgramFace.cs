using SamSharp.Samples.FineTuneT5.Comparison;
using SamSharp.Samples.FineTuneT5.Setup;
using SamSharp.Samples.T5.Tasks;
using SamSharp.Samples.T5.Training;

namespace SamSharp.Samples.FineTuneT5.CommandLine;

/// <summary>The texts and defaults of a fine-tuning program for one kind of model.</summary>
public sealed record ProgramFace
{
    /// <summary>The description in the program's help.</summary>
    public required string Description { get; init; }

    /// <summary>The program's project, for commands in texts.</summary>
    public required string Project { get; init; }

    /// <summary>Arguments, and what they do.</summary>
    public required IReadOnlyList<(string Arguments, string What)> Examples { get; init; }

    /// <summary>The default model.</summary>
    public required string Model { get; init; }

    /// <summary>The description of <c>--model</c>.</summary>
    public required string Models { get; init; }

    /// <summary>The description of <c>--task</c>.</summary>
    public required string Tasks { get; init; }

    /// <summary>Defaults of training.</summary>
    public required TrainingOptions Training { get; init; }

    /// <summary>Defaults of training in a comparison.</summary>
    public required TrainingOptions Compared { get; init; }

    /// <summary>Creates the comparison that the program runs without arguments, given its folder.</summary>
    public required Func<string, CompareRequest> Demonstration { get; init; }

    /// <summary>Whether the classifier starts from random weights, so that its rate and perturbation can be set separately.</summary>
    public bool HasFreshHead { get; init; }

    /// <summary>Whether the model generates text and can have another vocabulary.</summary>
    public bool Writes { get; init; } = true;

    /// <summary>The types of numbers that the model can have.</summary>
    public IReadOnlyList<NumberTypes> Types { get; init; } = NumberTypes.Wide;

    /// <summary>The tasks that the program supports.</summary>
    public Func<T5Task, bool> Takes { get; init; } = _ => true;

    /// <summary>The program for T5.</summary>
    public static ProgramFace T5 { get; } = new()
    {
        Description = """
            Fine-tunes a T5 with sharpness-aware minimization around a base optimizer. Without arguments it
            fine-tunes the bundled T5 on the bundled sentences with and without SAM and compares the two.
            Exit codes: 0 success, 1 failure, 2 wrong usage, 130 interrupted (a checkpoint is saved first).
            """,
        Project = "samples/FineTuneT5",
        Examples =
        [
            ("--steps 200 --output runs/first", "SAM around AdamW on the bundled sentences"),
            ("--steps 400 --output runs/first --resume", "goes on with it"),
            ("--rho 0 --seed 1 2 3", "the base optimizer alone, from three seeds"),
            ("--model google-t5/t5-small --task sst2 --data data/SST-2 --optimizer adafactor --learning-rate 0.01",
                "another model on your own files"),
            ("compare --help", "options of a comparison with and without SAM"),
        ],
        Model = BundledModel.Name,
        Models = "The bundled T5; or a new model of a named size (tiny, mini, small, base, large, ...) or with the shape in " +
            "a config.json; or a Hugging Face folder with config.json and model.safetensors; or a name on the Hugging Face hub such as " +
            "google-t5/t5-small or owner/name@revision, which is downloaded once to the hub's cache. " +
            "HF_HOME, HF_HUB_CACHE, HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE are honored",
        Tasks = "Task, or several separated by commas: cola,sst2,mrpc. The command 'tasks' lists them",
        Training = new(),
        Compared = CommandLine.Demonstration.Training,
        Demonstration = CommandLine.Demonstration.Comparison,
    };
}
