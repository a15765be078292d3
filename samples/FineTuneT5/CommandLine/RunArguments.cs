using System.CommandLine;
using SamSharp.Samples.FineTuneT5.Setup;
using static SamSharp.Samples.FineTuneT5.CommandLine.OptionFactory;

namespace SamSharp.Samples.FineTuneT5.CommandLine;

/// <summary>The options of a <see cref="RunRequest"/>: model, device, and where files go.</summary>
/// <param name="model">The default model.</param>
/// <param name="about">The description of --model.</param>
/// <param name="takesVocabulary">Whether a model may be given another vocabulary.</param>
/// <param name="types">The default types of numbers; null: the first.</param>
/// <param name="offered">The types to choose from; null: those with float32's range.</param>
/// <param name="output">The description of --output.</param>
/// <param name="resume">The description of --resume.</param>
internal sealed class RunArguments(
    string model, string about, bool takesVocabulary = true, NumberTypes? types = null, string? output = null, string? resume = null,
    IReadOnlyList<NumberTypes>? offered = null)
{
    private readonly Option<string> _model = Text("--model", "size|file|folder|name", model, about);
    private readonly Option<string?> _tokenizer =
        Optional("--tokenizer", "file", "SentencePiece vocabulary [the model folder's spiece.model; the bundled one for a new model]");
    private readonly Option<string?> _output =
        Optional("--output", "folder", output ?? "Where metrics.jsonl, tensorboard/, checkpoints/ and model/ go [runs/<task>-<time>]");
    private readonly Option<string> _device = Choice("--device", "Where to train", Devices.Cpu, Devices.Cpu, Devices.Cuda);
    private readonly Option<string> _types = Checked(
        Text("--dtype", string.Join('|', (offered ?? NumberTypes.Wide).Select(known => known.Name)), (types ?? NumberTypes.Full).Name,
            "Type of weights and activations; mixed: float32 weights, bfloat16 activations. " + (offered?.Contains(NumberTypes.Float16) == true
                ? "float16: float32 weights, float16 activations, a scaled loss" : "There is no float16, which T5 overflows")),
        name => NumberTypes.Objection(name, offered ?? NumberTypes.Wide));
    private readonly Option<int> _saveEvery = Number("--save-every", "steps", 0, "Save a checkpoint; 0 at the end only");
    private readonly Option<int> _keep = Number("--keep", "count", 2, "Checkpoints to keep");
    private readonly Option<bool> _resume = Flag("--resume", resume ?? "Go on from the newest checkpoint in --output; with none there, start");

    /// <summary>Options of the model.</summary>
    public Option[] Models => takesVocabulary ? [_model, _tokenizer] : [_model];

    /// <summary>Options of device and output.</summary>
    public OptionGroup Places => new("Files and machine", [_output, _resume, _device, _types]);

    /// <summary>Options of checkpoints, which a comparison does not keep.</summary>
    public Option[] Checkpoints => [_saveEvery, _keep];

    public RunRequest Read(ParseResult result, string task) => new()
    {
        Model = result.GetRequiredValue(_model),
        Tokenizer = takesVocabulary ? result.GetValue(_tokenizer) : null,
        Output = Output(result, task),
        Resume = result.GetValue(_resume),
        Device = result.GetRequiredValue(_device),
        Types = NumberTypes.Of(result.GetRequiredValue(_types)),
    };

    public CheckpointRequest ReadCheckpoints(ParseResult result) => new(result.GetValue(_saveEvery), result.GetValue(_keep));

    /// <summary>The requested folder, or a new one named after the task and the time.</summary>
    public string Output(ParseResult result, string task)
    {
        var output = result.GetValue(_output);
        if (output is null && result.GetValue(_resume)) throw new ArgumentException("--resume needs --output: the folder of the run to resume.");
        return output ?? Path.Combine("runs", $"{task}-{DateTime.Now:yyyyMMdd-HHmmss}");
    }
}
